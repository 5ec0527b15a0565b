import { type Fault, faultsOf, tests } from './fault.ts'

const LOOP = 'src/consensus/loop.ts'
const APPEND = `await this.#openWal.append({ kind: 'input', input }, isOwn)`
const REPLAY = 'outstanding.add(this.driver.process(record.input))'

const withoutInput = (name: string, condition: string) =>
  [
    [`${name} is not logged`, APPEND, `if (!(${condition})) ${APPEND}`],
    [`${name} is not replayed`, REPLAY, `const { input } = record\n        if (!(${condition})) ${REPLAY}`],
  ] as const

const VALUE_RECORD = `this.values.restore(record.blockHash, record.envelope)`

/** Each kind of record left out of the log, each left out of the replay, and each check of the log itself removed. */
export const logFaults: readonly Fault[] = [
  ...faultsOf(LOOP, tests.restarts, [
    ...withoutInput('the start of the height', `input.type === 'start'`),
    ...withoutInput('a timeout', `input.type === 'timeout'`),
    ...withoutInput('a judgement', `input.type === 'validated'`),
    ...withoutInput('a built value', `input.type === 'built'`),
    ...withoutInput(
      'a proposal',
      `input.type === 'proposal' && input.proposal.proposer !== this.driver.self`,
    ),
    ...withoutInput(
      'an own proposal',
      `input.type === 'proposal' && input.proposal.proposer === this.driver.self`,
    ),
    ...withoutInput('a vote', `input.type === 'vote' && input.vote.validator !== this.driver.self`),
    ...withoutInput('an own vote', `input.type === 'vote' && input.vote.validator === this.driver.self`),
    ['a value is not replayed', VALUE_RECORD, 'void record.envelope'],
    [
      'the valid value is not logged',
      `return this.values.log(effect.blockHash, this.#openWal, this.#modules.logger)`,
      'return',
    ],
    [
      'the built value’s bytes are not logged',
      `await this.values.log(blockHash, this.#openWal, this.#modules.logger)
    await this.#step`,
      'await this.#step',
    ],
    [
      'what the log asked for is not done',
      'this.#pump(() => this.#perform(outstanding.list()))',
      'this.#pump()',
    ],
    [
      'own messages are not synced before they are sent',
      APPEND,
      `await this.#openWal.append({ kind: 'input', input }, isOwn && false)`,
    ],
    [
      'acts before it logs',
      `    await this.#log(input)
    const effects = this.driver.process(input)
    const { height, state } = this.driver
    this.#modules.observer?.onInput(input, { height, round: state.round, step: state.step })
    await this.#perform(effects)`,
      `    const effects = this.driver.process(input)
    await this.#perform(effects)
    await this.#log(input)`,
    ],
    [
      'the log is not started anew after a commit',
      'await this.#openWal.reset(context.height)',
      'void this.#openWal',
    ],
    [
      'the log is started anew before the commit',
      'const context = await app.commit(envelope, certificate)\n',
      'await this.#openWal.reset(driver.height + 1)\n    const context = await app.commit(envelope, certificate)\n',
    ],
  ]),
  ...faultsOf('src/consensus/outstanding.ts', tests.restarts, [
    [
      'a vote that was asked for is not asked for again',
      `return \`sign:\${effect.vote.type}:\${effect.vote.round}\`\n    case 'buildValue':`,
      "return null\n    case 'buildValue':",
    ],
    [
      'a proposal that was asked for is not asked for again',
      `return \`sign:proposal:\${effect.proposal.round}\`\n    case 'signVote':`,
      "return null\n    case 'signVote':",
    ],
    [
      'a build that was asked for is not asked for again',
      `return \`build:\${effect.round}\`\n    case 'validateValue':`,
      "return null\n    case 'validateValue':",
    ],
    [
      'a judgement that was asked for is not asked for again',
      `return \`validate:\${effect.blockHash}:\${effect.freshRound}\`\n    case 'scheduleTimeout':`,
      "return null\n    case 'scheduleTimeout':",
    ],
    [
      'a timeout is not scheduled again',
      `return \`timeout:\${effect.kind}:\${effect.round}\``,
      'return null',
    ],
    [
      'a decision is not carried out after a restart',
      `case 'decide':
    case 'halt':
      return effect.type`,
      `case 'decide':
    case 'halt':
      return null`,
    ],
    [
      'a build is asked for again after it was answered',
      `case 'built':
      return \`build:\${input.round}\``,
      `case 'built':
      return null`,
    ],
    [
      'a build is asked for again after it was cancelled',
      `case 'cancelBuild':
      return \`build:\${effect.round}\`
    case 'cancelValidation':`,
      `case 'cancelBuild':
      return null
    case 'cancelValidation':`,
    ],
    [
      'a vote is asked for again after it was sent',
      `case 'broadcastVote':
      return \`sign:`,
      `case 'broadcastVote':
      return \`sent:`,
    ],
    [
      'evidence is not reported again',
      `return \`evidence:\${type}:\${first.round}:\${'validator' in first ? first.validator : first.proposer}\``,
      'return type === null ? type : null',
    ],
  ]),
  ...faultsOf('src/consensus/wal.ts', tests.wal, [
    ['a torn tail is not cut', 'if (end < bytes.length) await file.truncate(end)\n', ''],
    [
      'the log of a later height is taken',
      'if (header !== null && header.height > height) {',
      'if (header !== null && header.height > height + 1) {',
    ],
    [
      'the log of an earlier height is replayed',
      'if (header === null || header.height < height) {',
      'if (header === null) {',
    ],
    [
      'the log of another chain is taken',
      'if (header.genesisHash !== options.genesisHash) throw',
      'if (header.genesisHash === null) throw',
    ],
    [
      'damage to what was synced passes for a torn tail',
      'if (end < bytes.length && wasSynced(',
      'if (end > bytes.length && wasSynced(',
    ],
    [
      'a damaged first record passes for an empty log',
      `if (frame === null) throw corrupt(options, 'its first record is damaged')`,
      `if (frame === null) return { height: -1, genesisHash: options.genesisHash, salt: EMPTY_BYTES }`,
    ],
    ['the length does not grow with what is written', '    this.#length += frame.length\n', ''],
    [
      'the log begins anew with the old salt',
      '    this.#salt = salt\n    this.#length = header.length',
      '    this.#length = header.length',
    ],
    ['what was synced is not noted', 'this.#syncedLength = this.#length\n  }', '}'],
  ]),
  ...faultsOf('src/consensus/walFrames.ts', tests.wal, [
    [
      'checksums are not checked',
      'if (!equalBytes(log.subarray(offset + 8, offset + 12), sum)) return null\n',
      '',
    ],
    [
      'checksums do not cover the payload',
      'return crc32c(place, rest)',
      'return crc32c(place, rest.subarray(0, 4))',
    ],
    [
      'checksums do not cover the salt',
      'return crc32c(place, rest)',
      'return crc32c(place.subarray(salt.length), rest)',
    ],
    [
      'any later frame shows that bytes were synced',
      'if (frame !== null && frame.syncedLength > offset) return true',
      'if (frame !== null) return true',
    ],
    [
      'no later frame shows that bytes were synced',
      'if (frame !== null && frame.syncedLength > offset) return true',
      'if (frame !== null && frame.syncedLength < 0) return true',
    ],
  ]),
  ...faultsOf('src/consensus/walRecords.ts', tests.wal, [
    ['the step of a timeout is lost', 'fromInt(STEPS.indexOf(input.kind))', 'fromInt(0)'],
    [
      'the round of a timeout is lost',
      ", fromInt(input.round)]\n    case 'built':",
      ", fromInt(0)]\n    case 'built':",
    ],
    [
      'an unfavourable judgement is logged as favourable',
      'fromInt(input.valid ? 1 : 0)',
      'fromInt(input.valid ? 1 : 1)',
    ],
    ['the round of a judgement is lost', 'fromInt((input.freshRound ?? -1) + 1)', 'fromInt(0)'],
    [
      'the round of a built value is lost',
      'return [fromInt(input.round), fromHex(input.blockHash)]',
      'return [fromInt(0), fromHex(input.blockHash)]',
    ],
  ]),
]
