import { loadCwe, CWE_LABELS } from './scripts/lib/datasets/cwe.ts'
import { loadSpamAssassin, SPAM_LABELS } from './scripts/lib/datasets/spamAssassin.ts'
import { makeDemonstration, DEMONSTRATION } from './scripts/lib/datasets/demonstration.ts'
import { EncoderRuntime } from './src/ai/lora/encoderRuntime.ts'
import { defaultModelFolder, ensureBaseModel, readBaseModel } from './src/ai/models/modelFolder.ts'
import { trainAdapter } from './src/ai/factory/trainer.ts'
import { DEFAULT_TRAINING } from './src/ai/factory/trainingOptions.ts'
import { evaluateAdapter } from './src/ai/factory/evaluate.ts'
import { labelledTexts, describeContribution } from './src/ai/records/record.ts'
import { clusterPlaces } from './src/ai/records/clusters.ts'
import { attributionRows, queryRow } from './src/ai/attribution/attribute.ts'
import { Projection } from './src/ai/attribution/projection.ts'
import { parameterCount } from './src/ai/lora/adapter.ts'
import { settleWindow, withoutClusters } from './src/ai/attribution/scores.ts'
import { exportAdapter, adapterHash } from './src/ai/lora/peft.ts'
const which = process.argv[2] ?? 'cwe'; const seedByte = process.argv[3] ?? '11'
const over = JSON.parse(process.argv[4] ?? '{}')
const seed = `0x${seedByte.repeat(32)}` as const
let t = Date.now(); const lap = (s: string) => { console.log(s, ((Date.now() - t) / 1000).toFixed(1), 's'); t = Date.now() }
const data = which === 'cwe' ? await loadCwe() : await loadSpamAssassin(); const labels = which === 'cwe' ? CWE_LABELS : SPAM_LABELS
console.log(data.length, labels.map((l) => l + ' ' + data.filter((r) => r.label === l).length).join(', ')); lap('load')
const demo = makeDemonstration(data, labels, { ...DEMONSTRATION, seed, ...(which === 'cwe' ? {} : { perClass: 800 }) })
console.log(demo.contributions.length, demo.contributions.reduce((s, c) => s + c.records.length, 0))
ensureBaseModel(defaultModelFolder()); const rt = new EncoderRuntime(readBaseModel(defaultModelFolder())); lap('model')
const all = labelledTexts(demo.contributions.flatMap((c) => c.records), labels), val = labelledTexts(demo.validation, labels), held = labelledTexts(demo.heldOut, labels)
const res = await trainAdapter(rt, { labels, training: all, validation: val }, { ...DEFAULT_TRAINING, seed, ...over }, () => {})
for (const e of res.epochs) console.log(JSON.stringify(e)); console.log('best', res.bestEpoch, adapterHash(exportAdapter(res.adapter))); lap('train')
const ev = await evaluateAdapter(rt, res.adapter, { classes: labels.length, training: all, validation: val, heldOut: held }, seed); const f = (q: any) => `${q.value.toFixed(3)} [${q.low.toFixed(3)}, ${q.high.toFixed(3)}]`
for (const [k, q] of Object.entries(ev)) console.log(k.padEnd(14), 'acc', f(q.accuracy), 'F1', f(q.macroF1)); lap('evaluate')
const contribs = demo.contributions.map((c) => ({ records: labelledTexts(c.records, labels) })); const P = { k: 1024, alpha: 2, projectionSeed: seed }
const rows = await attributionRows(rt, res.adapter, contribs, P, () => {}); lap('rows')
const facts = demo.contributions.map((c) => describeContribution(c.records)); const pl = clusterPlaces(facts.map((x) => x.minhash)); lap('minhash')
const members = demo.contributions.map((c, i) => ({ id: i + 1, leaderId: pl[i]!.leader + 1, noveltyBps: pl[i]!.noveltyBps, recordCount: c.records.length }))
console.log('copies clustered', demo.contributions.filter((c, i) => c.copyOf !== undefined && pl[i]!.leader === c.copyOf).length, 'wrongly', demo.contributions.filter((c, i) => pl[i]!.leader !== i && c.copyOf !== pl[i]!.leader).length)
const proj = new Projection(seed, parameterCount(res.adapter.config), 1024); const qs: { row: Int8Array; weight: number }[] = []
let right = 0
for (const h of held.slice(0, 64)) { const inp = await rt.prepare(rt.tokenize(h.text), res.adapter.config.modules); const lg = await rt.logits(res.adapter, inp); let b = 0; lg.forEach((v, i) => { if (v > lg[b]!) b = i }); if (b === h.label) right++; qs.push({ row: await queryRow(rt, res.adapter, inp, b, proj), weight: 256 }) }
console.log('right', right); lap('queries 64')
for (const [name, mem] of [['clusters', members], ['no clusters', withoutClusters(members)]] as const) {
  for (const [wn, ws] of [['2x32', [qs.slice(0, 32), qs.slice(32)]], ['1x64', [qs]]] as const) {
    const paid = members.map(() => 0n); let att = true
    for (const w of ws) { const r = settleWindow({ queries: w, potWei: 10n ** 18n }, rows, mem); att &&= r.attributed; r.paidWei.forEach((p, i) => { paid[i]! += p }) }
    const per = (kind: string, pred = (_: any, i: number) => true) => { const ii = members.map((_, i) => i).filter((i) => demo.contributions[i]!.kind === kind && pred(null, i)); const n = ii.reduce((s, i) => s + members[i]!.recordCount, 0); return Number(ii.reduce((s, i) => s + paid[i]!, 0n)) / n / 1e18 * 1000 / ws.length }
    const copied = new Set(demo.contributions.map((c) => c.copyOf))
    console.log(name.padEnd(12), wn, 'share per 1000 records: honest', per('honest').toFixed(3), 'flipper', per('flipper').toFixed(3), 'copier', per('copier').toFixed(3), '| honest not copied', per('honest', (_, i) => !copied.has(i)).toFixed(3), 'honest copied', per('honest', (_, i) => copied.has(i)).toFixed(3), 'zero-paid', paid.filter((p) => p === 0n).length, att)
  }
}
