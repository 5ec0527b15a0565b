/** Waits until a condition holds; fails with `what` after a time that only a defect reaches. */
export async function eventually(what: string, condition: () => boolean, timeoutMs = 10_000): Promise<void> {
  const untilMs = Date.now() + timeoutMs
  while (!condition()) {
    if (Date.now() > untilMs) throw new Error(`still waiting: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A promise and the function that fulfils it. */
export function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((fulfil) => {
    resolve = fulfil
  })
  return { promise, resolve }
}
