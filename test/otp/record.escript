#!/usr/bin/env escript
%%! +S 1:1 -kernel logger_level none
%% Records what real OTP does in each scenario of scenarios.ts, for replay.test.ts to compare with what we do.
%%
%%     escript test/otp/record.escript
%%
%% It needs Erlang (Debian's erlang-base) and Node, takes two minutes, and writes recordings.json, the same each time:
%% one scheduler, so that two processes cannot race, and an order only where OTP has one.

main(_) ->
    Here = filename:dirname(filename:absname(escript:script_name())),
    [compile(File) || File <- filelib:wildcard(filename:join([Here, "erlang", "*.erl"]))],
    Scenarios = otp_json:decode(print(Here)),
    Recordings = [
        [
            "    {\n      \"name\": ", otp_json:string(Name),
            ",\n      \"digest\": ", otp_json:string(Digest),
            ",\n      \"trace\": [\n        ",
            lists:join(",\n        ", [step(Step) || Step <- otp_runner:run(Scenario)]), "\n      ]\n    }"
        ]
     || Scenario = #{name := Name, digest := Digest} <- Scenarios
    ],
    ok = file:write_file(filename:join(Here, "recordings.json"), [
        "{\n  \"otp\": ", otp_json:string(erlang:system_info(otp_release)),
        ",\n  \"stdlib\": ", otp_json:string(stdlib()),
        ",\n  \"recordings\": [\n", lists:join(",\n", Recordings), "\n  ]\n}\n"
    ]),
    io:format("~b scenarios~n", [length(Recordings)]).

compile(File) ->
    {ok, Module, Binary} = compile:file(File, [binary, report, warnings_as_errors]),
    {module, Module} = code:load_binary(Module, File, Binary).

%% The scenarios as JSON, each with its digest and the labels of its steps.
print(Here) ->
    Node = os:find_executable("node"),
    Port = open_port({spawn_executable, Node}, [
        {args, ["--import", "tsx", filename:join(Here, "print.ts")]},
        {cd, filename:dirname(filename:dirname(Here))},
        binary, exit_status
    ]),
    collect(Port, <<>>).

collect(Port, Text) ->
    receive
        {Port, {data, Data}} -> collect(Port, <<Text/binary, Data/binary>>);
        {Port, {exit_status, 0}} -> Text
    end.

%% As the repository's formatter has it: in one line if that has at most 120 columns.
step(Lines) ->
    Strings = [otp_json:string(Line) || Line <- Lines],
    Short = ["[", lists:join(", ", Strings), "]"],
    case iolist_size(Short) + length("        ,") =< 120 of
        true -> Short;
        false -> ["[\n          ", lists:join(",\n          ", Strings), "\n        ]"]
    end.

stdlib() ->
    application:load(stdlib),
    {ok, Version} = application:get_key(stdlib, vsn),
    Version.
