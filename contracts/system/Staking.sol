// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStaking} from "contracts/interfaces/IStaking.sol";
import {IClaimable} from "contracts/interfaces/IClaimable.sol";

/// @title Staking, the predeploy behind the validator set
/// @dev Consensus reads `_active` and the randomness ring straight from storage, so the order of the state variables
/// is part of the protocol. System calls come from SYSTEM_ADDRESS, cost no gas of the block and are bounded by
/// `MAX_CANDIDATES` and `maxValidators`.
contract Staking is IStaking {
    address private constant SYSTEM_ADDRESS = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;
    address private constant ATTRIBUTION = 0x0000000000000000000000000000000016120003;
    bytes32 private constant VOTE_TAG = keccak256("openledger.consensus.v1");
    bytes32 private constant JOIN_TAG = keccak256("openledger.staking.join.v1");
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    /// Base of the ring of `prevRandao` values: slot = base + block number % RING_BLOCKS. EIP-7201 id
    /// "openledger.storage.RandaoRing", which the Attribution precompile reads.
    uint256 private constant RING_SLOT =
        uint256(keccak256(abi.encode(uint256(keccak256("openledger.storage.RandaoRing")) - 1)) & ~bytes32(uint256(0xff)));
    uint256 private constant RING_BLOCKS = 8192;
    uint256 private constant REWARD_SCALE = 1e18;
    uint256 private constant BASIS_POINTS = 10_000;
    /// Registered validators at most: the epoch's end sorts them all in one bounded system call.
    uint256 public constant MAX_CANDIDATES = 200;

    uint256 public immutable minimumStakeWei;
    uint256 public immutable maxValidators;
    uint64 public immutable unbondingBlocks;
    uint64 public immutable epochBlocks;
    uint256 public immutable doubleSignSlashBps;
    uint256 public immutable doubleSignBountyBps;
    address public immutable treasury;

    /// Slot 0: the set that votes now. Slot 1: the set before the last epoch's end, whose certificate the first block of an
    /// epoch carries.
    Member[] private _active;
    Member[] private _previous;
    mapping(address operator => Validator) private _validators;
    /// Never cleared: evidence may come after a key was given up.
    mapping(address consensusKey => address operator) private _operatorOf;
    address[] private _operators;
    uint256 private _totalStakeWei;
    uint256 private _rewardPerStake;
    bytes32 private _genesisHash;

    struct Setup {
        uint256 minimumStakeWei;
        uint256 maxValidators;
        uint64 unbondingBlocks;
        uint64 epochBlocks;
        uint256 doubleSignSlashBps;
        uint256 doubleSignBountyBps;
        address treasury;
    }

    struct GenesisValidator {
        address operator;
        address consensusKey;
        address feeRecipient;
        bytes32 randomnessTip;
        uint256 stakeWei;
    }

    modifier onlySystem() {
        if (msg.sender != SYSTEM_ADDRESS) revert OnlySystem();
        _;
    }

    /// @dev Genesis gives this account the sum of the stakes as its balance.
    constructor(Setup memory setup, GenesisValidator[] memory genesisValidators) {
        minimumStakeWei = setup.minimumStakeWei;
        maxValidators = setup.maxValidators;
        unbondingBlocks = setup.unbondingBlocks;
        epochBlocks = setup.epochBlocks;
        doubleSignSlashBps = setup.doubleSignSlashBps;
        doubleSignBountyBps = setup.doubleSignBountyBps;
        treasury = setup.treasury;
        for (uint256 i = 0; i < genesisValidators.length; i++) {
            GenesisValidator memory g = genesisValidators[i];
            _register(g.operator, g.consensusKey, g.feeRecipient, g.randomnessTip, g.stakeWei, setup.minimumStakeWei);
        }
        _writeSet(setup.maxValidators, setup.minimumStakeWei);
    }

    // ---- system calls -------------------------------------------------------------------------------------------

    /// @notice At a block's start: who signed the parent, and the builder's reveal.
    /// @param signers bit i (least significant first) is set when member i of the parent's set signed; empty in block 1
    function onBlockStart(bytes calldata signers, bytes32 reveal) external onlySystem {
        if (_genesisHash == 0) _genesisHash = blockhash(0);
        if (signers.length > 0) {
            bool epochBegins = (block.number - 1) % epochBlocks == 0;
            _countParticipation(epochBegins ? _previous : _active, signers);
        }
        _useReveal(reveal);
        uint256 slot = RING_SLOT + (block.number % RING_BLOCKS);
        assembly ("memory-safe") {
            sstore(slot, prevrandao())
        }
    }

    /// @notice At the end of an epoch's last block: the set of the next epoch.
    function onEpochEnd() external onlySystem {
        delete _previous;
        for (uint256 i = 0; i < _active.length; i++) _previous.push(_active[i]);
        _writeSet(maxValidators, minimumStakeWei);
    }

    // ---- validators ---------------------------------------------------------------------------------------------

    function join(address consensusKey, address feeRecipient, bytes32 randomnessTip, bytes calldata keyProof) external payable {
        if (_recover(joinDigest(msg.sender), keyProof) != consensusKey) revert BadKeyProof();
        _register(msg.sender, consensusKey, feeRecipient, randomnessTip, msg.value, minimumStakeWei);
    }

    function addStake() external payable {
        Validator storage validator = _known(msg.sender);
        if (validator.tombstoned) revert Tombstoned();
        _settleRewards(validator);
        validator.stakeWei += uint128(msg.value);
        _totalStakeWei += msg.value;
        emit StakeAdded(msg.sender, msg.value, validator.stakeWei);
    }

    function unbond(uint256 amountWei) external {
        Validator storage validator = _known(msg.sender);
        if (amountWei > validator.stakeWei || amountWei == 0) revert NothingToWithdraw();
        _settleRewards(validator);
        validator.stakeWei -= uint128(amountWei);
        validator.unbondingWei += uint128(amountWei);
        _totalStakeWei -= amountWei;
        // counted from the end of this epoch, until which the stake still votes
        uint64 leavesSetAt = uint64(((block.number + epochBlocks - 1) / epochBlocks) * epochBlocks);
        validator.withdrawableAt = leavesSetAt + unbondingBlocks;
        emit UnbondingStarted(msg.sender, amountWei, validator.withdrawableAt);
    }

    function withdraw() external {
        Validator storage validator = _known(msg.sender);
        uint256 amountWei = validator.unbondingWei;
        if (amountWei == 0) revert NothingToWithdraw();
        if (block.number < validator.withdrawableAt) revert NotYetWithdrawable(validator.withdrawableAt);
        validator.unbondingWei = 0;
        validator.withdrawableAt = 0;
        emit Withdrawn(msg.sender, amountWei);
        _send(msg.sender, amountWei);
    }

    function setFeeRecipient(address feeRecipient) external {
        Validator storage validator = _known(msg.sender);
        if (feeRecipient == address(0)) revert ZeroAddress();
        validator.feeRecipient = feeRecipient;
        emit FeeRecipientChanged(msg.sender, feeRecipient);
    }

    function setRandomnessTip(address operator, bytes32 tip) external {
        Validator storage validator = _known(operator);
        if (msg.sender != operator && msg.sender != validator.consensusKey) revert UnknownOperator();
        validator.randomnessTip = tip;
        emit RandomnessTipChanged(operator, tip);
    }

    // ---- slashing -----------------------------------------------------------------------------------------------

    function reportDoubleSign(SignedMessage calldata first, SignedMessage calldata second) external {
        bool samePlace = first.kind == second.kind && first.height == second.height && first.round == second.round;
        bool differ = first.blockHash != second.blockHash || first.validRound != second.validRound;
        if (!samePlace || !differ) revert NoDoubleSign();
        address signer = _signerOf(first);
        if (signer == address(0) || signer != _signerOf(second)) revert NoDoubleSign();
        address operator = _operatorOf[signer];
        Validator storage validator = _known(operator);
        if (validator.tombstoned) revert Tombstoned();

        _settleRewards(validator);
        uint256 fromStake = (uint256(validator.stakeWei) * doubleSignSlashBps) / BASIS_POINTS;
        uint256 fromUnbonding = (uint256(validator.unbondingWei) * doubleSignSlashBps) / BASIS_POINTS;
        validator.stakeWei -= uint128(fromStake);
        validator.unbondingWei -= uint128(fromUnbonding);
        validator.tombstoned = true;
        _totalStakeWei -= fromStake;
        uint256 slashedWei = fromStake + fromUnbonding;
        uint256 bountyWei = (slashedWei * doubleSignBountyBps) / BASIS_POINTS;
        emit DoubleSigned(operator, msg.sender, first.height, slashedWei, bountyWei);
        _send(treasury, slashedWei - bountyWei);
        _send(msg.sender, bountyWei);
    }

    // ---- rewards ------------------------------------------------------------------------------------------------

    function pullRewards() external {
        uint256 amountWei = IClaimable(ATTRIBUTION).claim();
        // rounds down: what does not divide stays in the contract
        _rewardPerStake += (amountWei * REWARD_SCALE) / _totalStakeWei;
        emit RewardsReceived(amountWei);
    }

    function claimRewards() external {
        Validator storage validator = _known(msg.sender);
        _settleRewards(validator);
        uint256 amountWei = validator.rewardsWei;
        if (amountWei == 0) revert NothingToWithdraw();
        validator.rewardsWei = 0;
        emit RewardsClaimed(msg.sender, amountWei);
        _send(msg.sender, amountWei);
    }

    // ---- views --------------------------------------------------------------------------------------------------

    function members() external view returns (Member[] memory) {
        return _active;
    }

    function validatorOf(address operator) external view returns (Validator memory) {
        return _validators[operator];
    }

    function operatorOf(address consensusKey) external view returns (address) {
        return _operatorOf[consensusKey];
    }

    function operators() external view returns (address[] memory) {
        return _operators;
    }

    function totalStakeWei() external view returns (uint256) {
        return _totalStakeWei;
    }

    function pendingRewardsWei(address operator) external view returns (uint256) {
        Validator storage validator = _validators[operator];
        return validator.rewardsWei + _unsettled(validator);
    }

    function joinDigest(address operator) public view returns (bytes32) {
        return keccak256(abi.encode(JOIN_TAG, block.chainid, address(this), operator));
    }

    function randomness(uint64 blockNumber) external view returns (bytes32 value) {
        if (blockNumber > block.number || block.number - blockNumber >= RING_BLOCKS) return 0;
        uint256 slot = RING_SLOT + (blockNumber % RING_BLOCKS);
        assembly ("memory-safe") {
            value := sload(slot)
        }
    }

    // ---- inside -------------------------------------------------------------------------------------------------

    function _known(address operator) private view returns (Validator storage validator) {
        validator = _validators[operator];
        if (validator.consensusKey == address(0)) revert UnknownOperator();
    }

    function _register(
        address operator,
        address consensusKey,
        address feeRecipient,
        bytes32 randomnessTip,
        uint256 stakeWei,
        uint256 minimumWei
    ) private {
        if (consensusKey == address(0) || feeRecipient == address(0)) revert ZeroAddress();
        if (_validators[operator].consensusKey != address(0)) revert AlreadyRegistered();
        if (_operatorOf[consensusKey] != address(0)) revert ConsensusKeyTaken();
        if (stakeWei < minimumWei) revert StakeTooLow(minimumWei);
        if (_operators.length >= MAX_CANDIDATES) revert CandidatesFull();
        Validator storage validator = _validators[operator];
        validator.consensusKey = consensusKey;
        validator.feeRecipient = feeRecipient;
        validator.randomnessTip = randomnessTip;
        validator.stakeWei = uint128(stakeWei);
        validator.rewardDebt = _rewardPerStake;
        _operatorOf[consensusKey] = operator;
        _operators.push(operator);
        _totalStakeWei += stakeWei;
        emit Joined(operator, consensusKey, feeRecipient, stakeWei);
    }

    /// @dev The `limit` largest eligible stakes, larger first, ties by the lower operator address. Keeps the old set when
    /// nobody is eligible: an empty set would halt the chain for good.
    function _writeSet(uint256 limit, uint256 minimumWei) private {
        address[] memory ranked = new address[](_operators.length);
        uint256 count = 0;
        for (uint256 i = 0; i < _operators.length; i++) {
            address operator = _operators[i];
            Validator storage candidate = _validators[operator];
            if (candidate.tombstoned || candidate.stakeWei < minimumWei) continue;
            uint256 place = count++;
            while (place > 0 && _ranksBefore(operator, ranked[place - 1])) {
                ranked[place] = ranked[place - 1];
                place--;
            }
            ranked[place] = operator;
        }
        if (count == 0) return;
        if (count > limit) count = limit;
        delete _active;
        uint256 totalPower = 0;
        for (uint256 i = 0; i < count; i++) {
            Validator storage validator = _validators[ranked[i]];
            uint64 power = uint64(validator.stakeWei / 1 ether);
            totalPower += power;
            _active.push(Member(validator.consensusKey, power, validator.feeRecipient, ranked[i]));
        }
        emit SetChanged(uint64(block.number + 1), count, totalPower);
    }

    function _ranksBefore(address a, address b) private view returns (bool) {
        uint256 stakeA = _validators[a].stakeWei;
        uint256 stakeB = _validators[b].stakeWei;
        return stakeA > stakeB || (stakeA == stakeB && a < b);
    }

    function _countParticipation(Member[] storage set, bytes calldata signers) private {
        for (uint256 i = 0; i < set.length; i++) {
            Validator storage validator = _validators[set[i].operator];
            if ((uint8(signers[i >> 3]) >> (i & 7)) & 1 == 1) validator.signedBlocks++;
            else validator.missedBlocks++;
        }
    }

    /// @dev The builder is a member whose fee recipient is the coinbase; the reveal tells which, when several share one.
    function _useReveal(bytes32 reveal) private {
        bytes32 tip = keccak256(abi.encodePacked(reveal));
        for (uint256 i = 0; i < _active.length; i++) {
            if (_active[i].feeRecipient != block.coinbase) continue;
            Validator storage validator = _validators[_active[i].operator];
            if (validator.randomnessTip != tip) continue;
            validator.randomnessTip = reveal;
            return;
        }
        revert BadReveal();
    }

    function _unsettled(Validator storage validator) private view returns (uint256) {
        return (uint256(validator.stakeWei) * (_rewardPerStake - validator.rewardDebt)) / REWARD_SCALE;
    }

    function _settleRewards(Validator storage validator) private {
        validator.rewardsWei += uint128(_unsettled(validator));
        validator.rewardDebt = _rewardPerStake;
    }

    function _signerOf(SignedMessage calldata message) private view returns (address) {
        bytes32 digest = keccak256(
            abi.encode(
                VOTE_TAG,
                _genesisHash,
                block.chainid,
                uint256(message.height),
                uint256(message.round),
                uint256(message.kind),
                message.blockHash,
                message.validRound
            )
        );
        if (uint256(message.s) > HALF_ORDER) return address(0);
        return ecrecover(digest, message.v, message.r, message.s);
    }

    function _recover(bytes32 digest, bytes calldata signature) private pure returns (address) {
        if (signature.length != 65 || uint256(bytes32(signature[32:64])) > HALF_ORDER) return address(0);
        return ecrecover(digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
    }

    function _send(address to, uint256 amountWei) private {
        if (amountWei == 0) return;
        (bool sent,) = to.call{value: amountWei}("");
        if (!sent) revert TransferFailed();
    }
}
