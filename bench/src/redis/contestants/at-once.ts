/** Does `count` things, so many of them at the same time, in their order. */
export async function atOnce(
  count: number,
  concurrency: number,
  make: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await make(index)
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, worker))
}
