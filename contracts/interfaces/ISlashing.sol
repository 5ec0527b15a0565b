// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Slashing: proofs of misbehaviour
/// @notice What can be proven by two signatures alone is punished here: two different messages of one consensus key for
/// one height, round and kind. Amnesia (a precommit that ignores an earlier lock) is not: two messages of different rounds
/// may be honest, and telling needs everything that the validator had received. Downtime is counted by Staking.
interface ISlashing {
    /// @notice A signed consensus message, as in the node's `src/ledger/vote.ts`. `kind`: 0 proposal, 1 prevote,
    /// 2 precommit. `validRound` is 2^256 - 1 for votes and for a fresh proposal. `blockHash` is 0 in a vote for none.
    struct SignedMessage {
        uint8 kind;
        uint64 height;
        uint64 round;
        bytes32 blockHash;
        uint256 validRound;
        bytes32 r;
        bytes32 s;
        uint8 v;
    }

    event DoubleSigned(address indexed operator, address indexed reporter, uint64 height, uint256 slashedWei, uint256 bountyWei);
    /// @notice The reporter did not take its bounty; it stays to be claimed.
    event BountyKept(address indexed reporter, uint256 bountyWei);
    event BountyClaimed(address indexed reporter, uint256 bountyWei);

    /// @notice The two messages do not show a double signature.
    error NoDoubleSign();
    /// @notice The key that signed is, and was, no validator's.
    error UnknownKey(address consensusKey);
    /// @notice The key had been given up before this height: whoever holds it now harms nobody.
    error KeyRetired(uint64 votesUntil);
    /// @notice As old as the unbonding time: the stake that voted then may be gone.
    error EvidenceTooOld(uint64 acceptedBefore);
    error OnlyStaking();
    error NothingToClaim();
    error TransferFailed();

    /// @notice Takes a part of the stake of a validator that signed two different messages for one height, round and
    /// kind, and removes it for good. Pays the caller a bounty and sends the rest to the treasury.
    function reportDoubleSign(SignedMessage calldata first, SignedMessage calldata second) external;
    /// @notice Pays the caller the bounties that it did not take when they were sent.
    function claimBounty() external;

    function bountyOf(address reporter) external view returns (uint256);
}
