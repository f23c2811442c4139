/**
 * Errors that are answers, not accidents: a full channel, a deadline. They are made on hot paths and in timers, where a
 * JavaScript stack costs microseconds and shows nothing but the scheduler.
 *
 * @internal
 */
const ErrorWithLimit = Error as { stackTraceLimit?: number | undefined }

const isWritable = (): boolean => {
  const own = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit")
  return own === undefined ? Object.isExtensible(Error) : own.writable === true || own.set !== undefined
}

// Where intrinsics are frozen the stack is captured after all.
const canLimit = isWritable()

/** @internal */
export const stackless = <A, X>(make: (arg: X) => A, arg: X): A => {
  if (!canLimit) return make(arg)
  const limit = ErrorWithLimit.stackTraceLimit
  ErrorWithLimit.stackTraceLimit = 0
  try {
    return make(arg)
  } finally {
    ErrorWithLimit.stackTraceLimit = limit
  }
}
