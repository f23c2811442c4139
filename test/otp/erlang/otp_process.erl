%% A plain process: links, monitors and ends when it is told, and reports what it receives.
-module(otp_process).
-export([start/1, tell/2]).

start(Spec = #{id := Id}) ->
    spawn(fun() ->
        process_flag(trap_exit, maps:get(traps, Spec, false)),
        otp_collector:watch(Id, self()),
        otp_collector:report(["start ", Id]),
        loop(Id, #{})
    end).

tell(Id, Command) -> otp_collector:pid(Id) ! {tell, Command}.

loop(Id, Monitors) ->
    receive
        {tell, Command} -> loop(Id, obey(Command, Monitors));
        {'EXIT', From, Reason} ->
            report(Id, "exit", From, Reason),
            loop(Id, Monitors);
        {'DOWN', _, process, Pid, Reason} ->
            report(Id, "down", Pid, Reason),
            loop(Id, Monitors)
    end.

report(Id, What, From, Reason) ->
    otp_collector:report(fun(Name) -> [Id, " gets ", What, " of ", Name(From), ": ", otp_collector:reason(Reason)] end).

obey({link, To}, Monitors) ->
    link(otp_collector:pid(To)),
    Monitors;
obey({unlink, To}, Monitors) ->
    unlink(otp_collector:pid(To)),
    Monitors;
obey({monitor, To}, Monitors) ->
    Monitors#{To => monitor(process, otp_collector:pid(To))};
obey({demonitor, To}, Monitors) ->
    demonitor(maps:get(To, Monitors), [flush]),
    Monitors;
obey({kill_first, To, Command}, Monitors) ->
    exit(otp_collector:pid(To), kill),
    %% Long enough for what its death sends here to be in the mailbox.
    timer:sleep(20),
    obey(Command, Monitors);
obey({exit, Reason}, _) -> exit(Reason).
