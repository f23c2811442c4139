%% As much of JSON as scenarios and recordings need (OTP has a module for it from 27 on).
-module(otp_json).
-export([decode/1, string/1]).

%% Objects become maps with atom keys, strings become binaries.
decode(Binary) ->
    {Value, Rest} = value(space(Binary)),
    <<>> = space(Rest),
    Value.

value(<<"{", Rest/binary>>) -> object(space(Rest), #{});
value(<<"[", Rest/binary>>) -> array(space(Rest), []);
value(<<"\"", Rest/binary>>) -> text(Rest, <<>>);
value(<<"true", Rest/binary>>) -> {true, Rest};
value(<<"false", Rest/binary>>) -> {false, Rest};
value(Rest) ->
    {match, [{0, Length}]} = re:run(Rest, "^-?[0-9]+(\\.[0-9]+)?", [{capture, first}]),
    <<Digits:Length/binary, After/binary>> = Rest,
    {number(Digits), After}.

number(Digits) ->
    case binary:match(Digits, <<".">>) of
        nomatch -> binary_to_integer(Digits);
        _ -> binary_to_float(Digits)
    end.

object(<<"}", Rest/binary>>, Map) -> {Map, Rest};
object(<<",", Rest/binary>>, Map) -> object(space(Rest), Map);
object(<<"\"", Rest/binary>>, Map) ->
    {Key, AfterKey} = text(Rest, <<>>),
    <<":", AfterColon/binary>> = space(AfterKey),
    {Value, AfterValue} = value(space(AfterColon)),
    object(space(AfterValue), Map#{binary_to_atom(Key) => Value}).

array(<<"]", Rest/binary>>, Values) -> {lists:reverse(Values), Rest};
array(<<",", Rest/binary>>, Values) -> array(space(Rest), Values);
array(Rest, Values) ->
    {Value, After} = value(Rest),
    array(space(After), [Value | Values]).

text(<<"\"", Rest/binary>>, Text) -> {Text, Rest};
text(<<"\\", Char, Rest/binary>>, Text) when Char =:= $"; Char =:= $\\ -> text(Rest, <<Text/binary, Char>>);
text(<<Char, Rest/binary>>, Text) when Char =/= $\\ -> text(Rest, <<Text/binary, Char>>).

space(<<Char, Rest/binary>>) when Char =:= $\s; Char =:= $\n; Char =:= $\r; Char =:= $\t -> space(Rest);
space(Rest) -> Rest.

string(Text) -> [$", re:replace(Text, "[\"\\\\]", "\\\\&", [global]), $"].
