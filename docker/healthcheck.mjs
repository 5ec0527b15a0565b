// Asks the operator port whether the node is alive. Plain Node, because the image has no other client.
const port = process.env.OPENLEDGER_METRICS_PORT ?? '9100'
try {
  const answer = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(4_000) })
  const report = await answer.text()
  if (!answer.ok) console.error(report)
  process.exitCode = answer.ok ? 0 : 1
} catch (error) {
  console.error(String(error))
  process.exitCode = 1
}
