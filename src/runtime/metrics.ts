import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Labels = Readonly<Record<string, string>>

/** A number that only rises. */
export interface CounterMetric {
  inc(labels?: Labels, by?: number): void
}

export interface HistogramMetric {
  observe(value: number, labels?: Labels): void
}

/** Sets of label values of one metric: more are counted together, so that nothing grows with what strangers send. */
const MOST_LABEL_SETS = 256
const OTHER = 'other'
const PREFIX = 'openledger_'

/** The figures of this process, in the text format of Prometheus. Names get `openledger_` before them. */
export class Metrics {
  readonly #registry = new Registry()

  /** Memory, processor, event loop and garbage collection of the process. */
  addProcess(): void {
    collectDefaultMetrics({ register: this.#registry, prefix: PREFIX })
  }

  counter(name: string, help: string, labelNames: readonly string[] = []): CounterMetric {
    const counter = new Counter({ ...this.#options(name, help), labelNames: [...labelNames] })
    const bounded = boundedLabels(labelNames)
    // a counter that is not there until it counts cannot be seen to rise from zero
    if (labelNames.length === 0) counter.inc(0)
    return { inc: (labels = {}, by = 1) => counter.inc(bounded(labels), by) }
  }

  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly string[] = [],
  ): HistogramMetric {
    const histogram = new Histogram({
      ...this.#options(name, help),
      buckets: [...buckets],
      labelNames: [...labelNames],
    })
    const bounded = boundedLabels(labelNames)
    return { observe: (value, labels = {}) => histogram.observe(bounded(labels), value) }
  }

  /** A value that is read whenever somebody looks; undefined is shown as no value. */
  gauge(name: string, help: string, read: () => number | undefined): void {
    new Gauge({
      ...this.#options(name, help),
      collect() {
        const value = read()
        if (value === undefined) this.remove()
        else this.set(value)
      },
    })
  }

  /** As `gauge`, with a value for each value of a label. */
  gauges(name: string, help: string, labelName: string, read: () => ReadonlyMap<string, number>): void {
    new Gauge({
      ...this.#options(name, help),
      labelNames: [labelName],
      collect() {
        this.reset()
        for (const [label, value] of read()) this.set({ [labelName]: label }, value)
      },
    })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #options(name: string, help: string) {
    return { name: `${PREFIX}${name}`, help, registers: [this.#registry] }
  }
}

/** Label values in the order of the names; unknown names are left out, too many sets become one. */
function boundedLabels(names: readonly string[]): (labels: Labels) => Record<string, string> {
  const seen = new Set<string>()
  return (labels) => {
    const values = names.map((name) => labels[name] ?? '')
    const key = JSON.stringify(values)
    if (!seen.has(key) && seen.size >= MOST_LABEL_SETS) {
      return Object.fromEntries(names.map((name) => [name, OTHER]))
    }
    seen.add(key)
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
  }
}
