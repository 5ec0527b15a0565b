import { type Fault, faultsOf, tests } from './fault.ts'

const ROUND_STATE = 'src/consensus/core/roundState.ts'
const DRIVER = 'src/consensus/core/driver.ts'

/** Algorithm 1, each rule removed and each of its conditions and effects in turn. */
export const ruleFaults: readonly Fault[] = [
  ...faultsOf(ROUND_STATE, tests.roundState, [
    [
      'line 12: the round does not change',
      `      ...state,
      round,
      step: 'propose',`,
      `      ...state,
      step: 'propose',`,
    ],
    [
      'line 13: the step does not change',
      `      round,
      step: 'propose',`,
      '      round,',
    ],
    [
      'line 14: nobody proposes',
      `  if (isProposer) actions.unshift({ type: 'propose', value: state.valid })\n`,
      '',
    ],
    ['line 14: everyone proposes', 'if (isProposer) actions', 'actions'],
    [
      'line 15: the locked value is proposed',
      `'propose', value: state.valid`,
      `'propose', value: state.locked`,
    ],
    [
      'line 16: the valid value is not proposed again',
      `'propose', value: state.valid`,
      `'propose', value: null`,
    ],
    [
      'line 21: no propose timeout',
      `const actions: Action[] = [{ type: 'scheduleTimeout', kind: 'propose' }]`,
      'const actions: Action[] = []',
    ],
    [
      'line 22: fresh proposals are not answered',
      'return prevote(state, isValid && lockAllowsFresh(state, blockHash) ? blockHash : null)',
      'return null',
    ],
    [
      'line 22: in any step',
      `if (state.round < 0 || state.step !== 'propose') return null
  return prevote(state, isValid && lockAllowsFresh`,
      `if (state.round < 0) return null
  return prevote(state, isValid && lockAllowsFresh`,
    ],
    [
      'line 23: an invalid value is prevoted',
      'isValid && lockAllowsFresh(state, blockHash) ?',
      'lockAllowsFresh(state, blockHash) ?',
    ],
    [
      'line 23: a lock does not stand against a fresh value',
      'return state.locked === null || state.locked.blockHash === blockHash',
      'return state.locked === null || state.locked.blockHash !== null || blockHash === null',
    ],
    [
      'line 23: not even the locked value is prevoted',
      'return state.locked === null || state.locked.blockHash === blockHash',
      'return state.locked === null && blockHash !== null',
    ],
    [
      'line 28: proposals made again are not answered',
      'return prevote(state, isValid && lockAllowsReproposal(state, blockHash, validRound) ? blockHash : null)',
      'return null',
    ],
    ['line 28: in any step', `if (state.step !== 'propose' || validRound < 0`, 'if (validRound < 0'],
    ['line 28: the valid round may be this one', 'validRound >= state.round', 'validRound > state.round'],
    ['line 28: the valid round may be any', ' || validRound >= state.round', ''],
    [
      'line 29: an invalid value is prevoted',
      'isValid && lockAllowsReproposal(state, blockHash, validRound) ?',
      'lockAllowsReproposal(state, blockHash, validRound) ?',
    ],
    [
      'line 29: a lock yields to any proof',
      'state.locked === null || state.locked.round <= validRound ||',
      'state.locked === null || validRound >= 0 ||',
    ],
    ['line 29: a lock yields to no proof', 'state.locked.round <= validRound || ', ''],
    [
      'line 29: a lock yields to a later proof only',
      'state.locked.round <= validRound',
      'state.locked.round < validRound',
    ],
    [
      'line 29: the locked value needs a proof',
      ' || state.locked.round <= validRound || state.locked.blockHash === blockHash',
      ' || (state.locked.round <= validRound && blockHash !== null)',
    ],
    [
      'line 34: no prevote timeout',
      `if (state.round < 0 || state.step !== 'prevote' || state.prevoteTimeoutScheduled) return null`,
      'if (state.round < Number.POSITIVE_INFINITY) return null',
    ],
    [
      'line 34: in any step',
      `state.round < 0 || state.step !== 'prevote' || state.prevoteTimeoutScheduled`,
      'state.round < 0 || state.prevoteTimeoutScheduled',
    ],
    ['line 34: more than once', ` || state.prevoteTimeoutScheduled`, ''],
    [
      'line 36: a polka does nothing',
      `if (state.round < 0 || state.step === 'propose' || state.polkaSeen) return null`,
      'if (state.round < Number.POSITIVE_INFINITY) return null',
    ],
    [
      'line 36: in step propose too',
      `state.round < 0 || state.step === 'propose' || state.polkaSeen`,
      'state.round < 0 || state.polkaSeen',
    ],
    ['line 36: more than once', ` || state.polkaSeen`, ''],
    [
      'line 37: locks in step precommit',
      `if (state.step !== 'prevote') {
    return`,
      `if (state.round < 0) {
    return`,
    ],
    [
      'lines 38 and 39: no lock',
      'state: { ...state, locked: value, valid: value',
      'state: { ...state, valid: value',
    ],
    ['line 40: no precommit', `[persist, { type: 'vote', voteType: 'precommit', blockHash }]`, '[persist]'],
    [
      'line 40: a precommit for nil',
      `voteType: 'precommit', blockHash }],`,
      `voteType: 'precommit', blockHash: null }],`,
    ],
    ['line 41: the step does not change', `polkaSeen: true, step: 'precommit' }`, 'polkaSeen: true }'],
    [
      'lines 42 and 43: no valid value with the lock',
      'locked: value, valid: value, polkaSeen',
      'locked: value, polkaSeen',
    ],
    [
      'lines 42 and 43: no valid value after the precommit',
      'return { state: { ...state, valid: value, polkaSeen: true }',
      'return { state: { ...state, polkaSeen: true }',
    ],
    [
      'a valid value is not kept for a restart',
      "const persist: Action = { type: 'persistValue', blockHash }",
      "const persist: Action = { type: 'scheduleTimeout', kind: 'propose' }",
    ],
    [
      'line 44: a polka for nil does nothing',
      `if (state.round < 0 || state.step !== 'prevote') return null
  return precommitNil(state)`,
      'return state.round < 0 ? precommitNil(state) : null',
    ],
    [
      'line 44: in any step',
      `if (state.round < 0 || state.step !== 'prevote') return null
  return precommitNil(state)`,
      `if (state.round < 0) return null
  return precommitNil(state)`,
    ],
    [
      'line 45: a vote for nil keeps the step',
      `state: { ...state, step: 'precommit' },
    actions: [{ type: 'vote', voteType: 'precommit', blockHash: null }],`,
      `state,
    actions: [{ type: 'vote', voteType: 'precommit', blockHash: null }],`,
    ],
    [
      'line 47: no precommit timeout',
      'if (state.round < 0 || state.precommitTimeoutScheduled) return null',
      'if (state.round < Number.POSITIVE_INFINITY) return null',
    ],
    ['line 47: more than once', 'state.round < 0 || state.precommitTimeoutScheduled', 'state.round < 0'],
    [
      'lines 34, 36, 47: a new round does not forget what came first',
      `      prevoteTimeoutScheduled: false,
      polkaSeen: false,
      precommitTimeoutScheduled: false,
    },
    actions,`,
      `    },
    actions,`,
    ],
    [
      'line 55: no round skip',
      'return supportedRound > state.round ? startRound(state, supportedRound, isProposer) : null',
      'return supportedRound < -1 ? startRound(state, supportedRound, isProposer) : null',
    ],
    [
      'line 55: skips backwards',
      'return supportedRound > state.round ?',
      'return supportedRound !== state.round ?',
    ],
    [
      'line 56: skips one round only',
      'startRound(state, supportedRound, isProposer) : null',
      'startRound(state, state.round + 1, isProposer) : null',
    ],
    [
      'line 57: the propose timeout does nothing',
      `if (round !== state.round || state.step !== 'propose') return null
  return prevote(state, null)`,
      'return round < 0 ? prevote(state, null) : null',
    ],
    [
      'line 58: the propose timeout of any round',
      `if (round !== state.round || state.step !== 'propose') return null`,
      `if (round < 0 || state.step !== 'propose') return null`,
    ],
    [
      'line 58: the propose timeout in any step',
      `if (round !== state.round || state.step !== 'propose') return null`,
      'if (round !== state.round) return null',
    ],
    [
      'line 61: the prevote timeout does nothing',
      `if (round !== state.round || state.step !== 'prevote') return null
  return precommitNil(state)`,
      'return round < 0 ? precommitNil(state) : null',
    ],
    [
      'line 62: the prevote timeout of any round',
      `if (round !== state.round || state.step !== 'prevote') return null`,
      `if (round < 0 || state.step !== 'prevote') return null`,
    ],
    [
      'line 62: the prevote timeout in any step',
      `if (round !== state.round || state.step !== 'prevote') return null`,
      'if (round !== state.round) return null',
    ],
    [
      'line 65: the precommit timeout does nothing',
      'return round === state.round ? startRound(state, round + 1, isNextProposer) : null',
      'return round < 0 ? startRound(state, round + 1, isNextProposer) : null',
    ],
    [
      'line 66: the precommit timeout of any round',
      'return round === state.round ? startRound',
      'return round >= 0 ? startRound',
    ],
    [
      'line 67: the same round again',
      'startRound(state, round + 1, isNextProposer)',
      'startRound(state, round, isNextProposer)',
    ],
  ]),
  ...faultsOf(ROUND_STATE, tests.driver, [
    [
      'line 45: a vote for nil frees the lock',
      `state: { ...state, step: 'precommit' },`,
      `state: { ...state, step: 'precommit', locked: null },`,
    ],
    [
      'line 12: a new round frees the lock',
      '      ...state,\n      round,\n',
      '      ...state,\n      locked: null,\n      round,\n',
    ],
  ]),
  ...faultsOf(DRIVER, tests.driver, [
    [
      'line 10: the height never starts',
      `if (this.#state.round < 0) this.#apply(startRound(this.#state, 0`,
      `if (this.#state.round > 0) this.#apply(startRound(this.#state, 0`,
    ],
    [
      'line 10: the height starts twice',
      'if (this.#state.round < 0) this.#apply(startRound',
      'this.#apply(startRound',
    ],
    [
      'line 14: anyone is the proposer',
      'return this.self !== null && this.proposerOf(round) === this.self',
      'return this.self !== null && round >= 0',
    ],
    [
      'line 16: what is valid is built anew',
      'if (action.value !== null) {',
      'if (action.value !== null && round < 0) {',
    ],
    ['line 18: no value is asked for', `this.#effects.push({ type: 'buildValue', round })`, ''],
    ['line 19: the built value is not proposed', 'this.#signProposal(blockHash, -1)', ''],
    [
      'line 19: the valid round is not named',
      'this.#signProposal(action.value.blockHash, action.value.round)',
      'this.#signProposal(action.value.blockHash, -1)',
    ],
    [
      'line 19: the own proposal is not sent',
      `if (proposal.proposer === this.self) this.#effects.push`,
      'if (proposal.proposer === null) this.#effects.push',
    ],
    ['the own value is judged like a stranger’s', 'this.#judgements.settle(blockHash, round, true)\n', ''],
    [
      'line 21: timeouts are not scheduled',
      `this.#effects.push({ type: 'scheduleTimeout', kind: action.kind, round, delayMs })`,
      'if (delayMs < 0) return',
    ],
    ['line 22: a proposal of anyone', 'if (proposer !== this.proposerOf(round)) return false', ''],
    [
      'line 22: a proposal of another height',
      'if (this.#isDone || height !== this.height || validRound',
      'if (this.#isDone || validRound',
    ],
    [
      'line 22: a fresh proposal is judged by the block alone',
      'this.#isFreshValid(blockHash, state.round)',
      'this.#isValid(blockHash)',
    ],
    [
      'line 28: without the polka',
      `if (!this.votes.hasQuorum('prevote', validRound, blockHash)) return null\n`,
      '',
    ],
    [
      'line 28: with any polka of that round',
      `if (!this.votes.hasQuorum('prevote', validRound, blockHash)) return null`,
      `if (!this.votes.hasAnyQuorum('prevote', validRound)) return null`,
    ],
    [
      'line 28: a block proposed again is judged by the clock',
      '? this.#isValid(blockHash) : false',
      '? this.#isFreshValid(blockHash, state.round) : false',
    ],
    ['line 22, 28: the valid round may be this one', 'validRound >= round ||', 'validRound > round ||'],
    [
      'line 34: votes are not looked at',
      `return this.votes.hasAnyQuorum('prevote', state.round) ? onPrevoteQuorum(state) : null`,
      'return null',
    ],
    [
      'line 36: an invalid value is locked',
      `      !state.polkaSeen &&
      this.#isValid(choice)`,
      `      !state.polkaSeen &&
      this.#isValid(choice) !== undefined`,
    ],
    [
      'line 36: a value is locked before it is judged',
      `      !state.polkaSeen &&
      this.#isValid(choice)`,
      `      !state.polkaSeen &&
      this.#isValid(choice) !== false`,
    ],
    ['line 36: the polka is not looked at', 'return onPolka(state, choice)', 'return null'],
    ['line 44: the polka for nil is not looked at', 'if (transition !== null) return transition', ''],
    [
      'line 47: precommits are not looked at',
      `return this.votes.hasAnyQuorum('precommit', this.#state.round) ? onPrecommitQuorum(this.#state) : null`,
      'return null',
    ],
    ['line 49: nothing is decided', '    this.#tryDecide()\n', ''],
    [
      'line 49: only the present round is looked at',
      `const blockHash = this.votes.quorumChoice('precommit', round)`,
      `const blockHash = round === this.#state.round ? this.votes.quorumChoice('precommit', round) : null`,
    ],
    [
      'line 49: prevotes decide',
      `const blockHash = this.votes.quorumChoice('precommit', round)`,
      `const blockHash = this.votes.quorumChoice('prevote', round)`,
    ],
    [
      'line 50: an invalid block is decided',
      `isValid ? { type: 'decide', round, blockHash, precommits }`,
      `round >= 0 ? { type: 'decide', round, blockHash, precommits }`,
    ],
    ['line 50: a block is decided before it is judged', 'if (isValid === undefined) continue\n', ''],
    [
      'line 51: a decision without its precommits',
      `this.votes.votesFor('precommit', round, blockHash)`,
      `this.votes.votesFor('precommit', round, null)`,
    ],
    ['lines 52 to 54: the height goes on after the decision', '      this.#isDone = true\n', ''],
    ['lines 52 to 54: inputs are taken after the decision', 'if (this.#isDone) return []\n', ''],
    [
      'a decision goes before the own votes',
      `    for (let next = this.#next(); next !== null; next = this.#next()) this.#apply(next)
    this.#tryDecide()`,
      `    this.#tryDecide()
    if (this.#isDone) return this.#effects
    for (let next = this.#next(); next !== null; next = this.#next()) this.#apply(next)`,
    ],
    [
      'line 55: later rounds are not looked at',
      'if (supported > state.round) return onRoundSkip',
      'if (supported < -1) return onRoundSkip',
    ],
    [
      'line 55: proposals do not count',
      'if (index !== undefined) this.votes.noteRound(index, proposal.round)',
      '',
    ],
    [
      'a round that is left is still judged',
      'for (const { blockHash, freshRound } of this.#judgements.dropFreshBefore(round)) {',
      'for (const { blockHash, freshRound } of this.#judgements.dropFreshBefore(-1)) {',
    ],
    [
      'a round that is left is still built for',
      `if (entersRound || transition.state.step !== 'propose') this.#cancelBuild()`,
      '',
    ],
    [
      'a value that came too late is proposed',
      'if (this.#building !== round || this.self === null) return',
      'if (this.self === null) return',
    ],
    ['votes kept from far ahead are not counted', '    this.votes.advance(round)\n', ''],
    [
      'an observer signs',
      `        if (this.self === null) return
        const { voteType, blockHash } = action
        const vote = { type: voteType, height: this.height, round, blockHash, validator: this.self }`,
      `        const { voteType, blockHash } = action
        const validator = this.self ?? this.proposerOf(round)
        const vote = { type: voteType, height: this.height, round, blockHash, validator }`,
    ],
    [
      'own votes are not sent',
      `    } else if (added && vote.validator === this.self) {`,
      '    } else if (added && vote.validator === null) {',
    ],
    [
      'others’ votes are sent as if they were own',
      '} else if (added && vote.validator === this.self) {',
      '} else if (added) {',
    ],
    [
      'two votes of one validator are not reported',
      `        type: 'reportEvidence',
        evidence: { kind: 'votes', first: conflictsWith, second: vote },`,
      `        type: 'broadcastVote',
        vote: conflictsWith,`,
    ],
    [
      'two proposals of one proposer are not reported',
      `      this.#effects.push({ type: 'reportEvidence', evidence: { kind: 'proposals', first, second: proposal } })
`,
      '',
    ],
    ['proposals of any round ahead are computed for', ' || !this.isWithinReach(round))', ')'],
  ]),
  ...faultsOf(
    'src/consensus/core/judgements.ts',
    [`test/unit/consensus/core/judgements.test.ts`],
    [
      [
        'a late fresh proposal counts as an invalid block',
        'if (valid || freshRound === null) this',
        'if (valid || blockHash !== null) this',
      ],
      [
        'a valid block counts as a timely proposal',
        'return judged?.blockHash === blockHash ? judged.acceptable : undefined',
        'return judged?.blockHash === blockHash ? judged.acceptable : this.#validity.get(blockHash)',
      ],
      [
        'the judgement of another value of the round is taken',
        'judged?.blockHash === blockHash ? judged.acceptable',
        'judged !== undefined ? judged.acceptable',
      ],
    ],
  ),
  ...faultsOf('src/consensus/core/proposalKeeper.ts', tests.proposals, [
    [
      'the second proposal replaces the first',
      'this.#reported.add(proposal.round)',
      'this.#reported.add(proposal.round)\n    this.#first.set(proposal.round, proposal)',
    ],
    ['a proposer is reported again and again', '&& !this.#reported.has(proposal.round)', ''],
    [
      'another valid round is the same proposal',
      'a.blockHash === b.blockHash && a.validRound === b.validRound',
      'a.blockHash === b.blockHash',
    ],
  ]),
  ...faultsOf('src/consensus/core/voteKeeper.ts', tests.votes, [
    ['a vote counts each time it comes', `      if (known.blockHash === vote.blockHash) return false\n`, ''],
    [
      'a vote of a stranger counts',
      `const index = this.#set.indexOf(vote.validator)
    if (index === undefined) return false`,
      `const index = this.#set.indexOf(vote.validator)
    if (index === undefined) return true`,
    ],
    [
      'a second vote never counts',
      'const added = this.#isSupportedSecond(vote, index)',
      'const added = this.#isSupportedSecond(vote, index) && index < 0',
    ],
    [
      'a second vote always counts',
      'const added = this.#isSupportedSecond(vote, index)',
      'const added = this.#isSupportedSecond(vote, index) || index >= 0',
    ],
    ['a second vote counts again and again', 'if (tally.second.get(choice)?.has(index)) return false\n', ''],
    [
      'a second vote counts for ∗ too',
      'addPower(tally.power, choice, this.#powerOf(index))\n    }',
      'addPower(tally.power, choice, this.#powerOf(index))\n      tally.totalPower += this.#powerOf(index)\n    }',
    ],
    [
      'second votes support one another',
      'return this.#set.isHonestSupport(tally.firstPower.get(choice) ?? 0n)',
      'return this.#set.isHonestSupport((tally.firstPower.get(choice) ?? 0n) + this.#powerOf(index))',
    ],
    [
      'each vote counts as one',
      'tally.totalPower += this.#powerOf(index)\n  }',
      'tally.totalPower += 1n\n  }',
    ],
    [
      'memory grows with rounds far ahead',
      'return round > ownRound + this.#futureRounds',
      'return round < ownRound',
    ],
    [
      'the last far vote is kept, not the highest',
      'return far === undefined || far.round < vote.round',
      'return far === undefined || far.round !== vote.round',
    ],
    ['types are mixed', 'return round[vote.type]', 'return round.prevote'],
    [
      'a decision leaves second votes out',
      'const votes = new Map(tally.second.get(choiceOf(blockHash)))',
      'const votes = new Map<number, Vote>()',
    ],
  ]),
]
