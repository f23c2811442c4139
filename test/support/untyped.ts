/** What an untyped caller might hand in. */
export const untyped = <A>(value: unknown): A => value as A
