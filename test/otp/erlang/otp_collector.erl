%% Hears of everything that happens in a scenario, and keeps it in its order. Whoever reports waits until it is noted:
%% what it causes is noted after it.
-module(otp_collector).
-export([start/0, stop/0, report/1, watch/2, count/1, pid/1, alive/0, size/0, take/0, reason/1]).

start() ->
    Runner = self(),
    Pid = spawn(fun() ->
        register(?MODULE, self()),
        Runner ! {self(), ready},
        loop(#{events => [], watched => [], counts => #{}})
    end),
    receive {Pid, ready} -> ok end.

stop() -> call(stop).
%% An event, or what makes it when it is given the names of processes: to ask for one first would cost a turn in the line.
report(Event) -> call({report, Event}).
%% The end of Pid will be an event.
watch(Id, Pid) -> call({watch, Id, Pid}).
%% How often this has been asked of Id.
count(Id) -> call({count, Id}).
%% The last process watched under this name, dead or alive.
pid(Id) -> call({pid, Id}).
alive() -> call(alive).
size() -> call(size).
take() -> call(take).

call(Request) ->
    Ref = monitor(process, ?MODULE),
    ?MODULE ! {call, self(), Ref, Request},
    receive
        {Ref, Answer} -> demonitor(Ref, [flush]), Answer;
        {'DOWN', Ref, process, _, Reason} -> exit(Reason)
    end.

loop(State) ->
    receive
        {call, From, Ref, stop} ->
            From ! {Ref, ok};
        {call, From, Ref, Request} ->
            {Answer, Next} = handle(Request, deaths(State)),
            From ! {Ref, Answer},
            loop(Next);
        {'DOWN', Ref, process, _, Reason} ->
            loop(death(Ref, Reason, State))
    end.

%% Who is dead already has ended before what is reported now, even if the news of it is still under way.
deaths(State = #{watched := Watched}) ->
    receive
        {'DOWN', Ref, process, _, Reason} -> deaths(death(Ref, Reason, State))
    after 0 ->
        case [Ref || {_, Pid, Ref} <- Watched, is_reference(Ref), not is_process_alive(Pid)] of
            [] -> State;
            [Ref | _] -> receive {'DOWN', Ref, process, _, Reason} -> deaths(death(Ref, Reason, State)) end
        end
    end.

death(Ref, Reason, State = #{watched := Watched}) ->
    {Id, Pid, Ref} = lists:keyfind(Ref, 3, Watched),
    note(["end ", Id, ": ", reason(Reason)], State#{watched := lists:keyreplace(Ref, 3, Watched, {Id, Pid, over})}).

note(Event, State = #{events := Events}) -> State#{events := [iolist_to_binary(Event) | Events]}.

handle({report, Event}, State) when is_function(Event) -> {ok, note(Event(fun(Pid) -> name(Pid, State) end), State)};
handle({report, Event}, State) -> {ok, note(Event, State)};
handle({watch, Id, Pid}, State = #{watched := Watched}) ->
    {ok, State#{watched := Watched ++ [{Id, Pid, monitor(process, Pid)}]}};
handle({count, Id}, State = #{counts := Counts}) ->
    N = maps:get(Id, Counts, 0) + 1,
    {N, State#{counts := Counts#{Id => N}}};
handle({pid, Id}, State = #{watched := Watched}) ->
    {lists:last([Pid || {Name, Pid, _} <- Watched, Name =:= Id]), State};
handle(alive, State = #{watched := Watched}) -> {[Pid || {_, Pid, Ref} <- Watched, is_reference(Ref)], State};
handle(size, State = #{events := Events}) -> {length(Events), State};
handle(take, State = #{events := Events}) -> {lists:reverse(Events), State#{events := []}}.

name(Pid, #{watched := Watched}) ->
    case lists:keyfind(Pid, 2, Watched) of
        {Id, _, _} -> Id;
        false -> <<"outside">>
    end.

%% What a reason is called in a recording. Only a crash's content is left out.
reason(normal) -> "normal";
reason(shutdown) -> "shutdown";
reason({shutdown, x}) -> "{shutdown,x}";
reason({shutdown, {failed_to_start_child, Id, _}}) -> ["{shutdown,failed_to_start_child ", name_of(Id), "}"];
reason(killed) -> "killed";
reason(noproc) -> "noproc";
%% The same as an exception: `link` to the dead throws it where nobody traps exits, "for historical reasons".
reason({noproc, [_ | _]}) -> "noproc";
reason(_) -> "crash".

name_of(Id) -> atom_to_list(Id).
