const VERSION = '0.1.0'
/** What peers are told. */
export const AGENT = `openledger/${VERSION}`
/** What web3_clientVersion says. */
export const CLIENT_VERSION = `openledger/v${VERSION}/${process.platform}-${process.arch}/node${process.versions.node}`
