import { type Fault, faultsOf, tests } from './fault.ts'

const SIGNER = 'src/consensus/signer.ts'
const VOTES = 'src/ledger/vote.ts'

/** Each check of the signer removed, and each check of somebody else’s signature. */
export const signingFaults: readonly Fault[] = [
  ...faultsOf(SIGNER, tests.signer, [
    [
      'signs anything',
      'if (last !== null && order <= 0) throw refused',
      'if (last !== null && order < -1e9) throw refused',
    ],
    [
      'signs twice in one place',
      'if (last !== null && order <= 0) throw',
      'if (last !== null && order < 0) throw',
    ],
    [
      'signs in places before the last',
      'if (last !== null && order <= 0) throw',
      'if (last !== null && order === 0) throw',
    ],
    [
      'refuses what it has signed',
      'if (last !== null && order === 0 && last.digest === digestHex) return hexToBytes(last.signature)\n',
      '',
    ],
    [
      'gives the last signature for any message of its place',
      'order === 0 && last.digest === digestHex',
      'order === 0',
    ],
    ['heights are not compared', 'return a.height - b.height || a.round', 'return a.round'],
    [
      'rounds are not compared',
      'a.height - b.height || a.round - b.round || TYPES',
      'a.height - b.height || TYPES',
    ],
    ['types are not compared', ' || TYPES.indexOf(a.type) - TYPES.indexOf(b.type)', ''],
    [
      'precommits go before prevotes',
      `const TYPES = ['proposal', 'prevote', 'precommit'] as const`,
      `const TYPES = ['proposal', 'precommit', 'prevote'] as const`,
    ],
    [
      'proposals go after votes',
      `const TYPES = ['proposal', 'prevote', 'precommit'] as const`,
      `const TYPES = ['prevote', 'precommit', 'proposal'] as const`,
    ],
    [
      'does not write down what it signs',
      `await this.#files.replace(this.#options.stateFile, utf8ToBytes(\`\${JSON.stringify(next, null, 2)}\\n\`))\n`,
      '',
    ],
    ['does not wait for the disk', 'await this.#files.replace(', 'void this.#files.replace('],
    [
      'remembers before the disk does',
      `    await this.#files.replace(this.#options.stateFile, utf8ToBytes(\`\${JSON.stringify(next, null, 2)}\\n\`))
    this.#last = next`,
      `    this.#last = next
    await this.#files.replace(this.#options.stateFile, utf8ToBytes(\`\${JSON.stringify(next, null, 2)}\\n\`))`,
    ],
    ['does not remember until it is restarted', '    this.#last = next\n', ''],
    [
      'forgets when it is restarted',
      'bytes === null ? null : parse(bytes, options)',
      'bytes === null || parse(bytes, options) !== null ? null : parse(bytes, options)',
    ],
    ['signs two at once', 'const result = this.#tail.then(task)', 'const result = task()'],
    [
      'takes the record of another key',
      'if (signer.#last !== null && signer.#last.address !== signer.address) {',
      'if (signer.#last !== null && signer.#last.address === null) {',
    ],
    [
      'takes the record of another chain',
      'if (state.genesisHash !== options.domain.genesisHash) {',
      'if (state.genesisHash === null) {',
    ],
    [
      'takes a record that does not read for none',
      `    state = lastSignedSchema.parse(JSON.parse(bytesToUtf8(bytes)))
  } catch (error) {`,
      `    state = lastSignedSchema.parse(JSON.parse(bytesToUtf8(bytes)))
  } catch (error) {
    if (error !== null) return null as unknown as LastSigned`,
    ],
    [
      'takes any bytes for a key',
      'if (!isPrivateKey(options.privateKey)) {',
      'if (options.privateKey.length === 0) {',
    ],
    [
      'signs proposals as prevotes',
      `this.#sign('proposal', proposal, proposalDigest`,
      `this.#sign('prevote', proposal, proposalDigest`,
    ],
  ]),
  ...faultsOf('src/consensus/ownMessages.ts', tests.engine, [
    [
      'a refusal of the signer stops the node',
      `if (!isNodeError(error, 'DOUBLE_SIGN_REFUSED')) throw error`,
      `if (!isNodeError(error, 'DOUBLE_SIGN_REFUSED') || error.message !== '') throw error`,
    ],
  ]),
  ...faultsOf(VOTES, tests.engine, [
    [
      'votes of anyone',
      'if (recoverSigner(domain, voteDigest(domain, vote), vote.signature) !== vote.validator) {',
      'if (vote.signature.length === 0) {',
    ],
    [
      'proposals of anyone',
      'if (recoverSigner(domain, proposalDigest(domain, proposal), proposal.signature) !== proposal.proposer) {',
      'if (proposal.signature.length === 0) {',
    ],
  ]),
  ...faultsOf('src/consensus/intake.ts', tests.engine, [
    [
      'votes of this height are taken unsigned',
      `    if (!driver.wantsVote(vote)) return 'ignore'
    checkVoteSignature(this.#domain, vote)`,
      `    if (!driver.wantsVote(vote)) return 'ignore'`,
    ],
    [
      'votes of later heights are taken unsigned',
      `    if (!isKept && !heights.isNews(vote.validator, vote.height)) return 'ignore'
    checkVoteSignature(this.#domain, vote)`,
      `    if (!isKept && !heights.isNews(vote.validator, vote.height)) return 'ignore'`,
    ],
    [
      'late precommits are taken unsigned',
      `    if (!lastDecision?.wants(vote)) return 'ignore'
    checkVoteSignature(this.#domain, vote)`,
      `    if (!lastDecision?.wants(vote)) return 'ignore'`,
    ],
    [
      'proposals of this height are taken unsigned',
      `    checkProposalSignature(this.#domain, proposal)
    const { envelope } = message`,
      '    const { envelope } = message',
    ],
    [
      'proposals of the next height are taken unsigned',
      `    checkProposalSignature(this.#domain, proposal)
    if (envelope !== null && this.#modules.app`,
      '    if (envelope !== null && this.#modules.app',
    ],
    [
      'votes of strangers to the set count for later heights',
      `if (driver.set.indexOf(vote.validator) === undefined) return 'ignore'\n`,
      '',
    ],
    [
      'envelopes that a proposal does not name are taken',
      `      if (this.#modules.app.blockHashOf(envelope) !== proposal.blockHash) return 'reject'\n`,
      '',
    ],
  ]),
  ...faultsOf('src/ledger/certificate.ts', tests.certificate, [
    [
      'certificates with any signatures',
      'if (recoverSigner(domain, digest, signature) !== validator.address)',
      'if (recoverSigner(domain, digest, signature) === null)',
    ],
    [
      'certificates with more signatures than signers',
      `  if (next !== signatures.length) fail('There are more signatures than signers.')\n`,
      '',
    ],
    [
      'certificates that name signers beyond the set',
      'if (hasSigned(signers, index)) fail(',
      'if (index < 0) fail(',
    ],
    [
      'certificates with a bitmap of any length',
      `if (signers.length !== bitmapBytes(set.size)) fail(`,
      `if (signers.length < 0) fail(`,
    ],
    [
      'certificates of prevotes',
      "type: 'precommit', height, round, blockHash",
      "type: 'prevote', height, round, blockHash",
    ],
  ]),
  ...faultsOf('src/consensus/loop.ts', tests.engine, [
    [
      'certificates of decided blocks are not checked',
      '      checkCertificate(this.#options.domain, set, certificate)\n',
      '',
    ],
    [
      'certificates need not be for the block',
      'if (this.#modules.app.blockHashOf(envelope) !== certificate.blockHash) {',
      'if (this.#modules.app.blockHashOf(envelope) === null) {',
    ],
  ]),
]
