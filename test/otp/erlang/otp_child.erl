%% A child of any supervisor: reports its start and its terminate, and ends or misbehaves as it is told.
-module(otp_child).
-behaviour(gen_server).
-export([start_link/1, start_link/2, init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

start_link(Spec) -> gen_server:start_link(?MODULE, Spec, []).

%% Of a simple_one_for_one template: the argument is the name it goes by.
start_link(Template, Id) -> start_link(Template#{id => Id}).

%% It traps exits unless told otherwise, so that terminate runs when its supervisor stops it.
init(Spec = #{id := Id}) ->
    process_flag(trap_exit, maps:get(traps, Spec, true)),
    N = otp_collector:count(Id),
    case Spec of
        #{startTakes := Time} ->
            otp_collector:report(["begin ", Id]),
            timer:sleep(Time);
        _ -> ok
    end,
    case lists:member(N, maps:get(failsOn, Spec, [])) orelse N >= maps:get(failsFrom, Spec, infinity) of
        true ->
            otp_collector:report(["fail ", Id]),
            {stop, failed};
        false ->
            otp_collector:watch(Id, self()),
            otp_collector:report(["start ", Id]),
            {ok, Spec}
    end.

handle_call(_, _, Spec) -> {reply, ok, Spec}.

handle_cast(crash, _) -> exit(boom);
handle_cast({exit, Reason}, Spec) -> {stop, Reason, Spec}.

handle_info(_, Spec) -> {noreply, Spec}.

terminate(Reason, Spec = #{id := Id}) ->
    otp_collector:report(["terminate ", Id, ": ", otp_collector:reason(Reason)]),
    timer:sleep(maps:get(stopTakes, Spec, 0)),
    case Spec of
        #{stopFails := true} -> exit(boom);
        _ -> ok
    end.
