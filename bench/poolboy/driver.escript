#!/usr/bin/env escript
%%! +S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel logger_level none
%% Poolboy in the workloads W1 to W5, with the protocol of harness/subject.ts: a line with a number of cycles in, a line
%% with a round out.
%%
%%     escript bench/poolboy/driver.escript W3 1000
%%     escript bench/poolboy/driver.escript W4 1000 250
%%     escript bench/poolboy/driver.escript versions
%%
%% One scheduler, for the others have one thread; `ERL_ZFLAGS="+S 2:2"` allows more. It does not spin while it has nothing
%% to do, so that the processor's time, which W4 is measured by, is that of the work. Workers do nothing. It needs Debian's
%% erlang-base and erlang-poolboy.
-module(driver).
-mode(compile).
-behaviour(gen_server).
-export([main/1, start_link/1, init/1, handle_call/3, handle_cast/2]).

-define(FIBERS, 64).
-define(BURST, 8).

main(["versions"]) ->
    say(["{\"otp\":\"", erlang:system_info(otp_release), "\",\"poolboy\":\"", poolboy_version(), "\"}"]);
main([Workload | Numbers]) ->
    poolboy_version(),
    Round = rounds(Workload, [list_to_integer(Number) || Number <- Numbers]),
    {Workers, Overflow} = pool_size(Workload),
    process_flag(trap_exit, true),
    {ok, Pool} = poolboy:start_link([{worker_module, ?MODULE}, {size, Workers}, {max_overflow, Overflow}], []),
    serve(Round, Pool, Workers, make_marks(Pool, Workers));
main([]) ->
    fail("usage: driver.escript versions | W1 | W2 | W3 <waiters> | W4 <waiters> <milliseconds> | W5").

poolboy_version() ->
    case code:lib_dir(poolboy) of
        {error, bad_name} ->
            fail("poolboy is not installed (Debian: erlang-poolboy)");
        _ ->
            application:load(poolboy),
            {ok, Version} = application:get_key(poolboy, vsn),
            Version
    end.

pool_size("W5") -> {4, 4};
pool_size(_) -> {8, 0}.

serve(Round, Pool, Workers, Marks) ->
    case io:get_line("") of
        eof ->
            ok;
        Line ->
            Cycles = list_to_integer(string:trim(Line)),
            %% A process of its own, with a heap of its own.
            {Pid, Monitor} = spawn_monitor(fun() ->
                Before = completed(Marks),
                case Round(Pool, Workers, Marks, Cycles) of
                    {Nanos, Failed} -> exit({round, Nanos, Failed});
                    Nanos -> exit({round, Nanos, completed(Marks) - Before})
                end
            end),
            receive
                {'DOWN', Monitor, process, Pid, {round, Nanos, Done}} ->
                    say(io_lib:format("{\"nanos\":~b,\"cycles\":~b}", [Nanos, Done]));
                {'DOWN', Monitor, process, Pid, Reason} ->
                    fail(io_lib:format("~0p", [Reason]))
            end,
            serve(Round, Pool, Workers, Marks)
    end.

say(Line) -> io:put_chars([Line, $\n]).

fail(Text) ->
    say(["{\"error\":\"", re:replace(Text, "[\"\\\\]", "\\\\&", [global]), "\"}"]),
    halt(1).

%% The workloads

rounds("W1", _) ->
    fun(Pool, _, Marks, Cycles) -> timed(fun() -> touch(Pool, Marks, Cycles) end) end;
rounds("W2", _) ->
    fun(Pool, _, Marks, Cycles) ->
        timed(fun() -> at_once(?FIBERS, fun() -> hold(Pool, Marks, Cycles div ?FIBERS) end) end)
    end;
rounds("W3", [Waiters | _]) ->
    fun(Pool, Workers, Marks, Cycles) ->
        timed(fun() -> repeat(Cycles div Waiters, fun() -> drain(Pool, Workers, Marks, Waiters) end) end)
    end;
rounds("W4", [Waiters, Deadline]) ->
    fun(Pool, Workers, Marks, Cycles) ->
        Failed = counters:new(1, []),
        Wave = fun() -> counters:add(Failed, 1, expire(Pool, Workers, Marks, Waiters, Deadline)) end,
        Nanos = timed_by_processor(fun() -> repeat(Cycles div Waiters, Wave) end),
        {Nanos, counters:get(Failed, 1)}
    end;
rounds("W5", _) ->
    fun(Pool, _, Marks, Cycles) ->
        Burst = fun() -> at_once(?BURST, fun() -> hold(Pool, Marks, 1) end) end,
        timed(fun() -> repeat(Cycles div ?BURST, Burst) end)
    end;
rounds(Workload, Numbers) ->
    fail(io_lib:format("poolboy takes no part in ~ts with ~w", [Workload, Numbers])).

timed(Work) ->
    From = erlang:monotonic_time(nanosecond),
    Work(),
    erlang:monotonic_time(nanosecond) - From.

timed_by_processor(Work) ->
    {From, _} = erlang:statistics(runtime),
    Work(),
    {To, _} = erlang:statistics(runtime),
    (To - From) * 1000000.

repeat(0, _) -> ok;
repeat(Times, Work) ->
    Work(),
    repeat(Times - 1, Work).

at_once(Count, Work) -> await(start(Count, Work)).

%% Who is through stays until all are: poolboy searches its whole queue for a borrower that ends before its checkin has
%% been handled, which makes W3 quadratic.
start(Count, Work) ->
    Self = self(),
    [spawn_link(fun() -> Work(), Self ! done, receive leave -> ok end end) || _ <- lists:seq(1, Count)].

await(Pids) ->
    [receive done -> ok end || _ <- Pids],
    [Pid ! leave || Pid <- Pids],
    ok.

touch(_, _, 0) -> ok;
touch(Pool, Marks, Cycles) ->
    Worker = poolboy:checkout(Pool),
    take(Marks, Worker),
    give(Marks, Worker),
    poolboy:checkin(Pool, Worker),
    touch(Pool, Marks, Cycles - 1).

hold(_, _, 0) -> ok;
hold(Pool, Marks, Cycles) ->
    Worker = poolboy:checkout(Pool, true, infinity),
    take(Marks, Worker),
    erlang:yield(),
    give(Marks, Worker),
    poolboy:checkin(Pool, Worker),
    hold(Pool, Marks, Cycles - 1).

drain(Pool, Workers, Marks, Waiters) ->
    Held = hold_all(Pool, Workers, Marks),
    Pids = start(Waiters, fun() -> hold(Pool, Marks, 1) end),
    until_all_wait(Pool, Waiters),
    give_back(Pool, Marks, Held),
    await(Pids).

expire(Pool, Workers, Marks, Waiters, Deadline) ->
    Held = hold_all(Pool, Workers, Marks),
    Failed = counters:new(1, []),
    Pids = start(Waiters, fun() ->
        try poolboy:checkout(Pool, true, Deadline) of
            Worker -> exit({served, Worker})
        catch
            exit:{timeout, _} -> counters:add(Failed, 1, 1)
        end
    end),
    until_all_wait(Pool, Waiters),
    await(Pids),
    give_back(Pool, Marks, Held),
    touch(Pool, Marks, 1),
    %% Each failure has sent its cancellation before it was counted, and ours is the last message.
    {ready, Workers, 0, 0} = poolboy:status(Pool),
    counters:get(Failed, 1).

hold_all(Pool, Workers, Marks) ->
    Held = [poolboy:checkout(Pool) || _ <- lists:seq(1, Workers)],
    [take(Marks, Worker) || Worker <- Held],
    Held.

give_back(Pool, Marks, Held) ->
    [let_go(Marks, Worker) || Worker <- Held],
    [poolboy:checkin(Pool, Worker) || Worker <- Held].

%% Poolboy's status does not say how many wait. Its third field is the queue.
until_all_wait(Pool, Waiters) ->
    case queue:len(element(4, sys:get_state(Pool))) of
        Waiters -> ok;
        _ ->
            erlang:yield(),
            until_all_wait(Pool, Waiters)
    end.

%% The check that nobody holds what another holds, and the count of cycles. The workers of the overflow come and go, and
%% cost so much that a table is nothing beside it.

make_marks(Pool, Workers) ->
    Held = [poolboy:checkout(Pool) || _ <- lists:seq(1, Workers)],
    [poolboy:checkin(Pool, Worker) || Worker <- Held],
    Indices = maps:from_list(lists:zip(Held, lists:seq(1, Workers))),
    #{
        indices => Indices,
        held => atomics:new(Workers, []),
        overflow => ets:new(held, [public]),
        uses => counters:new(1, [])
    }.

take(#{indices := Indices, held := Held, overflow := Overflow}, Worker) ->
    case Indices of
        #{Worker := Index} -> 1 = atomics:add_get(Held, Index, 1);
        #{} -> true = ets:insert_new(Overflow, {Worker})
    end.

give(Marks = #{uses := Uses}, Worker) ->
    let_go(Marks, Worker),
    counters:add(Uses, 1, 1).

%% The end of a borrow that is no cycle.
let_go(#{indices := Indices, held := Held, overflow := Overflow}, Worker) ->
    case Indices of
        #{Worker := Index} -> 0 = atomics:sub_get(Held, Index, 1);
        #{} -> [_] = ets:take(Overflow, Worker)
    end.

completed(#{uses := Uses}) -> counters:get(Uses, 1).

%% A worker

start_link(_) -> gen_server:start_link(?MODULE, [], []).

init(_) -> {ok, []}.

handle_call(_, _, State) -> {reply, ok, State}.

handle_cast(_, State) -> {noreply, State}.
