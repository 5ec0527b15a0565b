// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Staking: who validates, with how much stake, and the chain's randomness
/// @notice Amounts are wei of OPEN. Powers are whole OPEN. Heights are block numbers.
/// A validator has three addresses: the operator (holds the stake and decides everything), the consensus key (signs
/// blocks and votes; it can cost the stake a slash and can change nothing), and the fee recipient (coinbase of its blocks).
/// What an operator changes (key, fee recipient, hash chain, stake) holds for consensus from the next epoch on.
interface IStaking {
    /// @notice One member of the validator set, as consensus reads it from storage.
    struct Member {
        address consensusKey;
        uint64 power;
        address feeRecipient;
        address operator;
    }

    /// @notice How well a validator took part. A block's signers are known from the certificate in the next block.
    struct Participation {
        /// Heights at which it is a member of the set, to the end of the present epoch.
        uint64 memberBlocks;
        /// Certificates without its signature, of all time.
        uint64 missedBlocks;
        /// Last height at which it is a member; 0 when it never was one.
        uint64 memberUntil;
        /// The downtime window that `missedInWindow` belongs to.
        uint32 window;
        uint32 missedInWindow;
    }

    /// @notice A validator as its operator registered it.
    struct Validator {
        address consensusKey;
        /// 0: not jailed. Otherwise the operator may unjail it from this block on.
        uint64 jailedUntil;
        /// Slashed for signing twice: never a validator again.
        bool tombstoned;
        /// Its place in the list of candidates, from 1; 0 when it left.
        uint16 place;
        address feeRecipient;
        /// Tip of the validator's hash chain: the next reveal hashes to it.
        bytes32 randomnessTip;
        /// Takes the tip's place at the next end of an epoch after which the validator is in the set; 0 for none.
        bytes32 nextRandomnessTip;
        uint128 stakeWei;
        uint128 rewardsWei;
        /// Reward per wei of stake (scaled by 1e18) up to which this validator was paid.
        uint256 rewardDebt;
        Participation participation;
    }

    /// @notice Stake on its way out. Liable for double signing until withdrawn.
    struct Unbonding {
        uint128 amountWei;
        uint64 withdrawableAt;
    }

    event Joined(address indexed operator, address indexed consensusKey, address feeRecipient, uint256 stakeWei);
    /// @notice The operator has no stake and no place any more: it left, was crowded out, or signed twice.
    event Left(address indexed operator);
    event StakeAdded(address indexed operator, uint256 amountWei, uint256 stakeWei);
    event UnbondingStarted(address indexed operator, uint256 amountWei, uint64 withdrawableAt);
    event Withdrawn(address indexed operator, uint256 amountWei);
    event ConsensusKeyRotated(address indexed operator, address indexed newKey, address indexed oldKey, uint64 oldKeyVotesUntil);
    event FeeRecipientChanged(address indexed operator, address feeRecipient);
    event RandomnessTipChanged(address indexed operator, bytes32 tip);
    event SetChanged(uint64 indexed fromBlock, uint256 members, uint256 totalPower);
    event Jailed(address indexed operator, uint256 missedBlocks, uint64 until);
    event Unjailed(address indexed operator);
    event Slashed(address indexed operator, uint256 slashedWei);
    event RewardsReceived(uint256 amountWei);
    event RewardsClaimed(address indexed operator, uint256 amountWei);

    /// @notice Only the node itself may call this, at a block's start or end.
    error OnlySystem();
    /// @notice Only the Slashing predeploy may call this.
    error OnlySlashing();
    /// @notice The caller is not the operator of a candidate.
    error UnknownOperator();
    error AlreadyRegistered();
    /// @notice The consensus key belongs, or once belonged, to a validator. A key is registered once.
    error ConsensusKeyTaken();
    /// @notice The consensus key did not sign `joinDigest(operator)`.
    error BadKeyProof();
    /// @notice A validator's stake is nothing or at least the minimum.
    error StakeTooLow(uint256 minimumWei);
    /// @notice All places are taken, and no candidate outside the set has less stake than was sent.
    error CandidatesFull();
    error ZeroAddress();
    error ZeroTip();
    error Tombstoned();
    /// @notice Nobody else could validate: the chain would stand still for good.
    error LastValidator();
    error NotJailed();
    error StillJailed(uint64 until);
    /// @notice Stake of as many epochs as are kept apart is on its way out; withdraw some, or leave altogether.
    error UnbondingsFull();
    error NothingToWithdraw();
    error NotYetWithdrawable(uint64 withdrawableAt);
    /// @notice There is no stake that rewards could be divided by.
    error NothingStaked();
    /// @notice The reveal is not the preimage of the builder's tip, or the coinbase is no member's.
    error BadReveal();
    error TransferFailed();

    /// @notice Registers the caller as a candidate with the stake sent along; it may be in the set from the next epoch on.
    /// When all places are taken, the smallest candidate outside the set has to leave if its stake is smaller.
    /// @param keyProof r, s, v of the consensus key over `joinDigest(caller)`
    function join(address consensusKey, address feeRecipient, bytes32 randomnessTip, bytes calldata keyProof) external payable;
    function addStake() external payable;
    /// @notice Takes `amountWei` out of the stake; it votes until the epoch's end and is withdrawable the unbonding time
    /// after that. What remains is at least the minimum, or nothing: then the validator leaves.
    function unbond(uint256 amountWei) external;
    /// @notice Unbonds everything and gives the place up. The operator may join again, with another consensus key.
    function exit() external;
    /// @notice Pays the caller all that is withdrawable.
    function withdraw() external;
    /// @notice The new key signs from the next epoch on. The old one remains accountable for what it signed until then.
    /// @param keyProof r, s, v of the new key over `joinDigest(caller)`
    function rotateConsensusKey(address newKey, bytes calldata keyProof) external;
    function setFeeRecipient(address feeRecipient) external;
    /// @notice A fresh hash chain, from the next epoch on: chosen before anyone knows what it will be mixed with.
    function setRandomnessTip(bytes32 tip) external;
    function unjail() external;
    /// @notice For the Slashing predeploy: takes `slashBps` of the operator's stake, also of what unbonds, sends it to the
    /// caller and removes the validator for good.
    function slash(address operator, uint256 slashBps) external returns (uint256 slashedWei);
    /// @notice Pulls the stakers' share of inference fees and divides it by stake. Fails with the precompile's
    /// NothingToClaim when there is none.
    function pullRewards() external;
    function claimRewards() external;

    function members() external view returns (Member[] memory);
    function validatorOf(address operator) external view returns (Validator memory);
    /// @return memberBlocks heights at which it was a member and whose certificate is known
    /// @return missedBlocks those of them that it did not sign
    /// @return missedInWindow those of the present downtime window that it did not sign
    function participationOf(address operator)
        external
        view
        returns (uint64 memberBlocks, uint64 missedBlocks, uint32 missedInWindow);
    function unbondingsOf(address operator) external view returns (Unbonding[] memory);
    /// @return operator whose key it is or was; zero when it never was registered
    /// @return votesUntil the last height that it may sign; 0 while no end is known
    function keyOf(address consensusKey) external view returns (address operator, uint64 votesUntil);
    /// @notice All candidates, in no particular order.
    function operators() external view returns (address[] memory);
    function totalStakeWei() external view returns (uint256);
    function pendingRewardsWei(address operator) external view returns (uint256);
    function joinDigest(address operator) external view returns (bytes32);
    /// @notice Hash of block 0, to which signatures of this chain are bound; zero before block 1.
    function genesisHash() external view returns (bytes32);
    /// @notice `prevRandao` of a block of the last 8,192; zero when older or not yet there.
    function randomness(uint64 blockNumber) external view returns (bytes32);
    function minimumStakeWei() external view returns (uint256);
    function unbondingBlocks() external view returns (uint64);
}
