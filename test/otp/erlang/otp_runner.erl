%% Runs one scenario and returns its trace: for each step its label and what happened because of it.
-module(otp_runner).
-export([run/1]).

%% Nothing has happened for this many looks, a few milliseconds apart, and nobody is at work: it is quiet.
-define(LOOKS, 6).

run(Scenario) ->
    {Runner, Ref} = spawn_monitor(fun() -> exit({trace, scenario(Scenario)}) end),
    receive
        {'DOWN', Ref, process, Runner, {trace, Trace}} -> Trace;
        {'DOWN', Ref, process, Runner, Reason} -> error({maps:get(name, Scenario), Reason})
    end.

%% The runner is the parent of the supervisor, and so the only one whose exit signals it obeys.
scenario(Scenario = #{steps := Steps}) ->
    process_flag(trap_exit, true),
    otp_collector:start(),
    boot(Scenario),
    quiet(),
    Boot = [<<"boot">> | otp_collector:take()],
    Trace = [Boot | [step(Step) || Step <- Steps]],
    [exit(Pid, kill) || Pid <- otp_collector:alive()],
    quiet(),
    otp_collector:stop(),
    Trace.

boot(#{processes := Processes}) ->
    [begin otp_process:start(Process), quiet() end || Process <- Processes];
boot(#{tree := Tree}) ->
    Result = otp_tree:start_link(Tree),
    otp_collector:report(fun(Name) -> ["boot -> ", result(Result, Name)] end).

step(Step = #{label := Label}) ->
    perform(Step),
    quiet(),
    Events = otp_collector:take(),
    [Label | case Step of #{unordered := true} -> lists:sort(Events); _ -> Events end].

perform(#{do := <<"wait">>, ms := Time}) -> timer:sleep(Time);
perform(#{do := <<"crash">>, id := Id}) -> gen_server:cast(otp_collector:pid(Id), crash);
perform(#{do := <<"exit">>, id := Id, reason := Reason}) -> gen_server:cast(otp_collector:pid(Id), {exit, term(Reason)});
perform(#{do := <<"kill">>, id := Id}) -> exit(otp_collector:pid(Id), kill);
perform(#{do := <<"signal">>, id := Id, reason := Reason}) -> exit(otp_collector:pid(Id), term(Reason));
perform(#{do := <<"stranger">>, 'of' := Of, reason := Reason}) ->
    Pid = otp_collector:pid(Of),
    spawn(fun() -> exit(Pid, term(Reason)) end);
perform(#{do := <<"linked">>, 'of' := Of, reason := Reason}) ->
    Pid = otp_collector:pid(Of),
    spawn(fun() -> link(Pid), exit(term(Reason)) end);
perform(#{do := <<"stop">>, 'of' := Of, reason := Reason}) ->
    Pid = otp_collector:pid(Of),
    client(<<"stop">>, fun() -> gen_server:stop(Pid, term(Reason), infinity) end);
perform(#{do := <<"tell">>, id := Id, what := What, to := To, killFirst := true}) ->
    otp_process:tell(Id, {kill_first, To, {binary_to_atom(What), To}});
perform(#{do := <<"tell">>, id := Id, what := What, to := To}) -> otp_process:tell(Id, {binary_to_atom(What), To});
perform(#{do := <<"tell">>, id := Id, reason := Reason}) -> otp_process:tell(Id, {exit, term(Reason)});
perform(Step = #{do := Do, label := Label, 'of' := Of}) ->
    Sup = otp_collector:pid(Of),
    client(Label, fun() -> call(Do, Sup, Step) end).

call(<<"start_child">>, Sup, #{child := Child}) -> supervisor:start_child(Sup, otp_tree:child(Child));
call(<<"start_child">>, Sup, #{id := Id}) -> supervisor:start_child(Sup, [Id]);
call(<<"terminate_child">>, Sup, #{id := Id, dynamic := true}) ->
    supervisor:terminate_child(Sup, otp_collector:pid(Id));
call(<<"terminate_child">>, Sup, #{id := Id}) -> supervisor:terminate_child(Sup, binary_to_atom(Id));
call(<<"restart_child">>, Sup, #{id := Id}) -> supervisor:restart_child(Sup, binary_to_atom(Id));
call(<<"delete_child">>, Sup, #{id := Id}) -> supervisor:delete_child(Sup, binary_to_atom(Id));
%% OTP promises no order, and gives the last started first.
call(<<"which_children">>, Sup, _) -> {children, lists:reverse(supervisor:which_children(Sup))};
call(<<"count_children">>, Sup, _) -> {counts, supervisor:count_children(Sup)}.

%% A call may wait for long; meanwhile the scenario goes on.
client(Label, Call) ->
    spawn(fun() ->
        Result = try Call() catch exit:{Reason, _} -> {gone, Reason}; exit:Reason -> {gone, Reason} end,
        otp_collector:report(fun(Name) -> [Label, " -> ", result(Result, Name)] end)
    end).

result(ok, _) -> "ok";
result({ok, _}, _) -> "ok";
result({gone, Reason}, _) -> ["exit ", otp_collector:reason(Reason)];
result({children, Children}, Name) ->
    Lines = [iolist_to_binary(info(Child, Name)) || Child <- Children],
    lists:join(", ", case Children of [{undefined, _, _, _} | _] -> lists:sort(Lines); _ -> Lines end);
result({counts, Counts}, _) -> lists:join(", ", [io_lib:format("~s ~b", [Key, N]) || {Key, N} <- Counts]);
result({error, {shutdown, {failed_to_start_child, Id, _}}}, _) -> ["failed_to_start_child ", atom_to_list(Id)];
result({error, {supervisor_data, Problem}}, _) -> problem(Problem);
result({error, {start_spec, Problem}}, _) -> problem(Problem);
result({error, failed}, _) -> "start_failed";
result({error, {failed, _}}, _) -> "start_failed";
result({error, {already_started, _}}, _) -> "already_started";
result({error, Word}, _) when is_atom(Word) -> atom_to_list(Word);
result({error, Problem}, _) -> problem(Problem).

problem({Word, _}) -> atom_to_list(Word).

info({Id, Pid, Type, _}, Name) ->
    Who = case is_pid(Pid) of true -> Name(Pid); false -> atom_to_list(Id) end,
    State = case is_pid(Pid) of true -> "alive"; false -> atom_to_list(Pid) end,
    [Who, " ", State, " ", atom_to_list(Type)].

term(<<"crash">>) -> boom;
term(<<"{shutdown,x}">>) -> {shutdown, x};
term(Reason) -> binary_to_atom(Reason).

quiet() -> quiet(otp_collector:size(), ?LOOKS).

quiet(_, 0) -> ok;
quiet(Size, Looks) ->
    timer:sleep(5),
    Now = otp_collector:size(),
    case Now =:= Size andalso lists:all(fun is_waiting/1, otp_collector:alive()) of
        true -> quiet(Size, Looks - 1);
        false -> quiet(Now, ?LOOKS)
    end.

is_waiting(Pid) -> lists:member(process_info(Pid, status), [{status, waiting}, undefined]).
