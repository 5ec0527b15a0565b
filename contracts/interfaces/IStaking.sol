// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Staking: who validates, with how much stake, and the chain's randomness
/// @notice Amounts are wei of OPEN. Powers are whole OPEN. Heights are block numbers.
/// A validator has three addresses: the operator (holds the stake), the consensus key (signs votes and can lose
/// stake by signing twice, but never move it), and the fee recipient (coinbase of its blocks).
interface IStaking {
    /// @notice One member of the validator set, as consensus reads it from storage.
    struct Member {
        address consensusKey;
        uint64 power;
        address feeRecipient;
        address operator;
    }

    /// @notice A validator as its operator registered it.
    struct Validator {
        address consensusKey;
        /// Block from which the validator may withdraw what it unbonds; 0 when nothing unbonds.
        uint64 withdrawableAt;
        bool tombstoned;
        address feeRecipient;
        /// Tip of the validator's hash chain: the next reveal hashes to it.
        bytes32 randomnessTip;
        uint128 stakeWei;
        /// Still liable for double signing until withdrawn.
        uint128 unbondingWei;
        /// Reward per wei of stake (scaled by 1e18) up to which this validator was paid.
        uint256 rewardDebt;
        uint128 rewardsWei;
        /// Certificates that the validator did and did not sign while a member of the set.
        uint64 signedBlocks;
        uint64 missedBlocks;
    }

    /// @notice A signed consensus message, as in the node's `src/ledger/vote.ts`. `kind`: 0 proposal, 1 prevote,
    /// 2 precommit. `validRound` is 2^256 - 1 for votes and for a fresh proposal.
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

    event Joined(address indexed operator, address indexed consensusKey, address feeRecipient, uint256 stakeWei);
    event StakeAdded(address indexed operator, uint256 amountWei, uint256 stakeWei);
    event UnbondingStarted(address indexed operator, uint256 amountWei, uint64 withdrawableAt);
    event Withdrawn(address indexed operator, uint256 amountWei);
    event FeeRecipientChanged(address indexed operator, address feeRecipient);
    event RandomnessTipChanged(address indexed operator, bytes32 tip);
    event SetChanged(uint64 indexed fromBlock, uint256 members, uint256 totalPower);
    event DoubleSigned(address indexed operator, address indexed reporter, uint64 height, uint256 slashedWei, uint256 bountyWei);
    event RewardsReceived(uint256 amountWei);
    event RewardsClaimed(address indexed operator, uint256 amountWei);

    /// @notice Only the node itself may call this, at a block's start or end.
    error OnlySystem();
    /// @notice The caller is no registered operator.
    error UnknownOperator();
    error AlreadyRegistered();
    /// @notice The consensus key belongs, or once belonged, to a validator.
    error ConsensusKeyTaken();
    /// @notice The consensus key did not sign `joinDigest(operator)`.
    error BadKeyProof();
    error StakeTooLow(uint256 minimumWei);
    error CandidatesFull();
    error ZeroAddress();
    error Tombstoned();
    error NothingToWithdraw();
    error NotYetWithdrawable(uint64 withdrawableAt);
    /// @notice The two messages do not show a double signature.
    error NoDoubleSign();
    /// @notice The reveal is not the preimage of the builder's tip, or the coinbase is no member's.
    error BadReveal();
    error TransferFailed();

    /// @notice Registers the caller as a validator with the stake sent along; it joins the set at an epoch's end.
    /// @param keyProof r, s, v of the consensus key over `joinDigest(caller)`
    function join(address consensusKey, address feeRecipient, bytes32 randomnessTip, bytes calldata keyProof) external payable;
    function addStake() external payable;
    /// @notice Takes `amountWei` out of the stake; withdrawable after the unbonding time. Starting again restarts it.
    function unbond(uint256 amountWei) external;
    function withdraw() external;
    function setFeeRecipient(address feeRecipient) external;
    /// @notice A fresh hash chain, by the operator or the consensus key of `operator`.
    function setRandomnessTip(address operator, bytes32 tip) external;
    /// @notice Takes stake from a validator that signed two different messages for one height, round and kind;
    /// pays the caller a bounty, sends the rest to the treasury, and removes the validator for good.
    function reportDoubleSign(SignedMessage calldata first, SignedMessage calldata second) external;
    /// @notice Pulls the stakers' share of inference fees and divides it by stake. Fails with the precompile's
    /// NothingToClaim when there is none.
    function pullRewards() external;
    function claimRewards() external;

    function members() external view returns (Member[] memory);
    function validatorOf(address operator) external view returns (Validator memory);
    function operatorOf(address consensusKey) external view returns (address);
    function operators() external view returns (address[] memory);
    function totalStakeWei() external view returns (uint256);
    function pendingRewardsWei(address operator) external view returns (uint256);
    function joinDigest(address operator) external view returns (bytes32);
    /// @notice `prevRandao` of a block of the last 8,192; zero when older or not yet there.
    function randomness(uint64 blockNumber) external view returns (bytes32);
}
