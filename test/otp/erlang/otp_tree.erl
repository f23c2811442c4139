%% Supervisors made from data.
-module(otp_tree).
-behaviour(supervisor).
-export([start_link/1, child/1, init/1]).

start_link(Spec = #{id := Id}) ->
    case supervisor:start_link(?MODULE, Spec) of
        {ok, Pid} ->
            otp_collector:watch(Id, Pid),
            {ok, Pid};
        Error -> Error
    end.

init(#{id := Id, flags := Flags, children := Children}) ->
    otp_collector:report(["start ", Id]),
    {ok, {maps:map(fun flag/2, Flags), [child(Child) || Child <- Children]}};
init(#{id := Id, flags := Flags, template := Template}) ->
    otp_collector:report(["start ", Id]),
    {ok, {maps:map(fun flag/2, Flags#{strategy => <<"simple_one_for_one">>}), [child(Template#{id => <<"template">>})]}}.

flag(_, Value) -> atom(Value).

child(Spec = #{id := Id}) ->
    Start = case is_map_key(flags, Spec) of
        true -> {?MODULE, start_link, [Spec]};
        false -> {otp_child, start_link, [Spec]}
    end,
    Given = maps:map(fun flag/2, maps:with([restart, shutdown, type, significant], Spec)),
    Given#{id => atom(Id), start => Start}.

atom(Value) when is_binary(Value) -> binary_to_atom(Value);
atom(Value) -> Value.
