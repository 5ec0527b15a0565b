// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStaking} from "contracts/interfaces/IStaking.sol";
import {IClaimable} from "contracts/interfaces/IClaimable.sol";

/// @title Staking, the predeploy behind the validator set
/// @dev Consensus reads `_active`, `_previous`, the tips and the randomness ring straight from storage: the order of the
/// state variables is part of the protocol. Later variables take slots out of `_reserved` or an EIP-7201 namespace of their
/// own ("openledger.storage.Delegation" for delegation and commission); `Validator` may grow at its end, as it lies in a
/// mapping alone; `Member` and `Unbonding` lie in arrays and never change.
/// System calls come from SYSTEM_ADDRESS, cost no gas of the block and are bounded by `MAX_CANDIDATES` and `maxValidators`.
/// The balance is the sum of stakes, unbonding stakes and rewards, and what did not divide.
contract Staking is IStaking {
    address private constant SYSTEM_ADDRESS = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;
    address private constant ATTRIBUTION = 0x0000000000000000000000000000000016120003;
    bytes32 private constant JOIN_TAG = keccak256("openledger.staking.join.v1");
    /// Half of secp256k1's order: a high s would give every signature a twin (EIP-2).
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    /// Base of the ring of `prevRandao` values: slot = base + block number % RING_BLOCKS. EIP-7201 id
    /// "openledger.storage.RandaoRing", which the native precompiles read.
    uint256 private constant RING_SLOT =
        uint256(keccak256(abi.encode(uint256(keccak256("openledger.storage.RandaoRing")) - 1)) & ~bytes32(uint256(0xff)));
    uint256 private constant RING_BLOCKS = 8192;
    uint256 private constant REWARD_SCALE = 1e18;
    uint256 private constant BASIS_POINTS = 10_000;
    /// Candidates at most: the epoch's end ranks them all in one bounded system call.
    uint256 public constant MAX_CANDIDATES = 200;
    /// Epochs whose unbonding stake is kept apart, for each operator: a slash walks them all.
    uint256 public constant MAX_UNBONDINGS = 8;

    uint256 public immutable minimumStakeWei;
    uint256 public immutable maxValidators;
    uint64 public immutable unbondingBlocks;
    uint64 public immutable epochBlocks;
    uint64 public immutable downtimeWindowBlocks;
    /// A member that signed less than this share of a window's certificates is jailed.
    uint256 public immutable downtimeShareBps;
    uint64 public immutable jailBlocks;
    address public immutable slashing;

    struct Key {
        address operator;
        uint64 votesUntil;
    }

    /// The set that votes now.
    Member[] private _active; // slot 0
    /// The set before the last epoch's end, whose certificate the first block of an epoch carries.
    Member[] private _previous; // slot 1
    mapping(address operator => Validator) private _validators; // slot 2
    /// Never cleared: evidence may come after a key was given up.
    mapping(address consensusKey => Key) private _keys; // slot 3
    /// In the order of their times.
    mapping(address operator => Unbonding[]) private _unbondings; // slot 4
    /// Operators of all candidates.
    address[] private _candidates; // slot 5
    uint256 private _totalStakeWei; // slot 6
    uint256 private _rewardPerStake; // slot 7
    bytes32 private _genesisHash; // slot 8
    uint256[23] private _reserved; // slots 9 to 31

    struct Setup {
        uint256 minimumStakeWei;
        uint256 maxValidators;
        uint64 unbondingBlocks;
        uint64 epochBlocks;
        uint64 downtimeWindowBlocks;
        uint256 downtimeShareBps;
        uint64 jailBlocks;
        address slashing;
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
        downtimeWindowBlocks = setup.downtimeWindowBlocks;
        downtimeShareBps = setup.downtimeShareBps;
        jailBlocks = setup.jailBlocks;
        slashing = setup.slashing;
        for (uint256 i = 0; i < genesisValidators.length; i++) {
            GenesisValidator memory g = genesisValidators[i];
            _register(g.operator, g.consensusKey, g.feeRecipient, g.randomnessTip, g.stakeWei);
        }
        _writeSet();
    }

    // ---- system calls -------------------------------------------------------------------------------------------

    /// @notice At a block's start: who signed the parent, and the builder's reveal.
    /// @param signers bit i (least significant first) is set when member i of the parent's set signed; empty in block 1
    function onBlockStart(bytes calldata signers, bytes32 reveal) external onlySystem {
        if (_genesisHash == 0) _genesisHash = blockhash(0);
        if (signers.length > 0) {
            bool epochBegins = (block.number - 1) % epochBlocks == 0;
            _countMisses(epochBegins ? _previous : _active, signers);
            if (block.number % downtimeWindowBlocks == 0) _judgeDowntime();
        }
        _useReveal(reveal);
        uint256 slot = RING_SLOT + (block.number % RING_BLOCKS);
        assembly ("memory-safe") {
            sstore(slot, prevrandao())
        }
    }

    /// @notice At the end of an epoch's last block: the set of the next epoch.
    function onEpochEnd() external onlySystem {
        _previous = _active;
        _writeSet();
    }

    // ---- the operator's part ------------------------------------------------------------------------------------

    function join(address consensusKey, address feeRecipient, bytes32 randomnessTip, bytes calldata keyProof) external payable {
        _checkKeyProof(consensusKey, keyProof);
        _register(msg.sender, consensusKey, feeRecipient, randomnessTip, msg.value);
    }

    function addStake() external payable {
        Validator storage validator = _candidate(msg.sender);
        _settleRewards(validator);
        validator.stakeWei += uint128(msg.value);
        _totalStakeWei += msg.value;
        emit StakeAdded(msg.sender, msg.value, validator.stakeWei);
    }

    function unbond(uint256 amountWei) external {
        Validator storage validator = _candidate(msg.sender);
        if (amountWei == 0 || amountWei > validator.stakeWei) revert NothingToWithdraw();
        if (amountWei == validator.stakeWei) return exit();
        if (validator.stakeWei - amountWei < minimumStakeWei) revert StakeTooLow(minimumStakeWei);
        _settleRewards(validator);
        validator.stakeWei -= uint128(amountWei);
        _totalStakeWei -= amountWei;
        _startUnbonding(msg.sender, amountWei, false);
    }

    function exit() public {
        Validator storage validator = _candidate(msg.sender);
        if (!_othersRemain(msg.sender)) revert LastValidator();
        _remove(msg.sender, validator);
    }

    function withdraw() external {
        Unbonding[] storage queue = _unbondings[msg.sender];
        uint256 count = queue.length;
        if (count == 0) revert NothingToWithdraw();
        if (block.number < queue[0].withdrawableAt) revert NotYetWithdrawable(queue[0].withdrawableAt);
        uint256 amountWei = 0;
        uint256 due = 0;
        while (due < count && queue[due].withdrawableAt <= block.number) amountWei += queue[due++].amountWei;
        for (uint256 i = due; i < count; i++) queue[i - due] = queue[i];
        for (uint256 i = 0; i < due; i++) queue.pop();
        emit Withdrawn(msg.sender, amountWei);
        _send(msg.sender, amountWei);
    }

    function rotateConsensusKey(address newKey, bytes calldata keyProof) external {
        Validator storage validator = _candidate(msg.sender);
        _checkKeyProof(newKey, keyProof);
        address oldKey = validator.consensusKey;
        _takeKey(newKey, msg.sender);
        uint64 votesUntil = _epochEnd();
        _keys[oldKey].votesUntil = votesUntil;
        validator.consensusKey = newKey;
        emit ConsensusKeyRotated(msg.sender, newKey, oldKey, votesUntil);
    }

    function setFeeRecipient(address feeRecipient) external {
        Validator storage validator = _candidate(msg.sender);
        if (feeRecipient == address(0)) revert ZeroAddress();
        validator.feeRecipient = feeRecipient;
        emit FeeRecipientChanged(msg.sender, feeRecipient);
    }

    function setRandomnessTip(bytes32 tip) external {
        Validator storage validator = _candidate(msg.sender);
        if (tip == 0) revert ZeroTip();
        validator.nextRandomnessTip = tip;
        emit RandomnessTipChanged(msg.sender, tip);
    }

    function unjail() external {
        Validator storage validator = _candidate(msg.sender);
        if (validator.jailedUntil == 0) revert NotJailed();
        if (block.number < validator.jailedUntil) revert StillJailed(validator.jailedUntil);
        validator.jailedUntil = 0;
        emit Unjailed(msg.sender);
    }

    // ---- slashing -----------------------------------------------------------------------------------------------

    function slash(address operator, uint256 slashBps) external returns (uint256 slashedWei) {
        if (msg.sender != slashing) revert OnlySlashing();
        Validator storage validator = _validators[operator];
        if (validator.tombstoned) revert Tombstoned();
        _settleRewards(validator);
        slashedWei = (uint256(validator.stakeWei) * slashBps) / BASIS_POINTS;
        validator.stakeWei -= uint128(slashedWei);
        _totalStakeWei -= slashedWei;
        Unbonding[] storage queue = _unbondings[operator];
        for (uint256 i = 0; i < queue.length; i++) {
            uint256 partWei = (uint256(queue[i].amountWei) * slashBps) / BASIS_POINTS;
            queue[i].amountWei -= uint128(partWei);
            slashedWei += partWei;
        }
        validator.tombstoned = true;
        emit Slashed(operator, slashedWei);
        if (validator.place != 0) _remove(operator, validator);
        _send(msg.sender, slashedWei);
    }

    // ---- rewards ------------------------------------------------------------------------------------------------

    function pullRewards() external {
        if (_totalStakeWei == 0) revert NothingStaked();
        uint256 amountWei = IClaimable(ATTRIBUTION).claim();
        // rounds down: what does not divide stays in the contract
        _rewardPerStake += (amountWei * REWARD_SCALE) / _totalStakeWei;
        emit RewardsReceived(amountWei);
    }

    function claimRewards() external {
        Validator storage validator = _validators[msg.sender];
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

    function participationOf(address operator)
        external
        view
        returns (uint64 memberBlocks, uint64 missedBlocks, uint32 missedInWindow)
    {
        Participation storage counts = _validators[operator].participation;
        uint64 certified = _certifiedHeight();
        uint64 ahead = counts.memberUntil > certified ? counts.memberUntil - certified : 0;
        return (counts.memberBlocks - ahead, counts.missedBlocks, counts.window == _window() ? counts.missedInWindow : 0);
    }

    function unbondingsOf(address operator) external view returns (Unbonding[] memory) {
        return _unbondings[operator];
    }

    function keyOf(address consensusKey) external view returns (address operator, uint64 votesUntil) {
        Key storage key = _keys[consensusKey];
        return (key.operator, key.votesUntil);
    }

    function operators() external view returns (address[] memory) {
        return _candidates;
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

    function genesisHash() external view returns (bytes32) {
        return _genesisHash;
    }

    function randomness(uint64 blockNumber) external view returns (bytes32 value) {
        if (blockNumber > block.number || block.number - blockNumber >= RING_BLOCKS) return 0;
        uint256 slot = RING_SLOT + (blockNumber % RING_BLOCKS);
        assembly ("memory-safe") {
            value := sload(slot)
        }
    }

    // ---- candidates ---------------------------------------------------------------------------------------------

    function _candidate(address operator) private view returns (Validator storage validator) {
        validator = _validators[operator];
        if (validator.tombstoned) revert Tombstoned();
        if (validator.place == 0) revert UnknownOperator();
    }

    function _register(
        address operator,
        address consensusKey,
        address feeRecipient,
        bytes32 randomnessTip,
        uint256 stakeWei
    ) private {
        if (feeRecipient == address(0)) revert ZeroAddress();
        if (randomnessTip == 0) revert ZeroTip();
        Validator storage validator = _validators[operator];
        if (validator.tombstoned) revert Tombstoned();
        if (validator.place != 0) revert AlreadyRegistered();
        if (stakeWei < minimumStakeWei) revert StakeTooLow(minimumStakeWei);
        _takeKey(consensusKey, operator);
        if (_candidates.length >= MAX_CANDIDATES) _crowdOut(stakeWei);
        _candidates.push(operator);
        validator.place = uint16(_candidates.length);
        validator.consensusKey = consensusKey;
        validator.feeRecipient = feeRecipient;
        validator.nextRandomnessTip = randomnessTip;
        validator.stakeWei = uint128(stakeWei);
        validator.rewardDebt = _rewardPerStake;
        _totalStakeWei += stakeWei;
        emit Joined(operator, consensusKey, feeRecipient, stakeWei);
    }

    function _takeKey(address consensusKey, address operator) private {
        if (consensusKey == address(0)) revert ZeroAddress();
        if (_keys[consensusKey].operator != address(0)) revert ConsensusKeyTaken();
        _keys[consensusKey].operator = operator;
    }

    /// @dev Makes the last of the candidates outside the set leave, if it has less stake than the newcomer. Without this,
    /// a list of small stakes would keep everybody else out.
    function _crowdOut(uint256 stakeWei) private {
        address last = address(0);
        uint256 lastStakeWei = stakeWei;
        for (uint256 i = 0; i < _candidates.length; i++) {
            address operator = _candidates[i];
            Validator storage validator = _validators[operator];
            if (validator.participation.memberUntil >= block.number) continue;
            uint256 candidateWei = validator.stakeWei;
            bool smaller = candidateWei < lastStakeWei;
            bool tied = candidateWei == lastStakeWei && last != address(0) && operator > last;
            if (smaller || tied) (last, lastStakeWei) = (operator, candidateWei);
        }
        if (last == address(0)) revert CandidatesFull();
        _remove(last, _validators[last]);
    }

    /// @dev All stake starts unbonding, the place is free, and the key signs no longer than to the epoch's end.
    function _remove(address operator, Validator storage validator) private {
        uint256 stakeWei = validator.stakeWei;
        _settleRewards(validator);
        validator.stakeWei = 0;
        _totalStakeWei -= stakeWei;
        _startUnbonding(operator, stakeWei, true);
        _keys[validator.consensusKey].votesUntil = _epochEnd();
        uint16 place = validator.place;
        address moved = _candidates[_candidates.length - 1];
        _candidates[place - 1] = moved;
        _validators[moved].place = place;
        _candidates.pop();
        validator.place = 0;
        emit Left(operator);
    }

    /// @dev Stake of one epoch is one entry. With all entries in use, `forced` stake joins the newest, which then waits as
    /// long as it: leaving must never fail.
    function _startUnbonding(address operator, uint256 amountWei, bool forced) private {
        // counted from the end of this epoch, until which the stake still votes
        uint64 withdrawableAt = _epochEnd() + unbondingBlocks;
        Unbonding[] storage queue = _unbondings[operator];
        uint256 count = queue.length;
        bool full = count == MAX_UNBONDINGS;
        if (count > 0 && (queue[count - 1].withdrawableAt == withdrawableAt || (full && forced))) {
            queue[count - 1].amountWei += uint128(amountWei);
            queue[count - 1].withdrawableAt = withdrawableAt;
        } else {
            if (full) revert UnbondingsFull();
            queue.push(Unbonding(uint128(amountWei), withdrawableAt));
        }
        emit UnbondingStarted(operator, amountWei, withdrawableAt);
    }

    /// @dev Last block of the present epoch.
    function _epochEnd() private view returns (uint64) {
        return uint64(((block.number + epochBlocks - 1) / epochBlocks) * epochBlocks);
    }

    // ---- the set ------------------------------------------------------------------------------------------------

    function _isEligible(Validator storage validator) private view returns (bool) {
        return validator.jailedUntil == 0 && validator.stakeWei >= minimumStakeWei;
    }

    /// @dev An empty set would halt the chain for good.
    function _othersRemain(address operator) private view returns (bool) {
        for (uint256 i = 0; i < _candidates.length; i++) {
            if (_candidates[i] != operator && _isEligible(_validators[_candidates[i]])) return true;
        }
        return false;
    }

    /// @dev The `maxValidators` largest eligible stakes, larger first, ties by the lower operator address. Keeps the old
    /// set when nobody is eligible, which happens when the last validator signs twice.
    function _writeSet() private {
        uint256[] memory ranking = _ranking();
        if (ranking.length > 0) _replaceSet(ranking, ranking.length < maxValidators ? ranking.length : maxValidators);
        uint256 size = _active.length;
        for (uint256 i = 0; i < size; i++) {
            Participation storage counts = _validators[_active[i].operator].participation;
            counts.memberBlocks += epochBlocks;
            counts.memberUntil = uint64(block.number + epochBlocks);
        }
    }

    /// @dev Eligible candidates in order, each a word that sorts as it ranks: the stake, below 2^96 as all OPEN is, and
    /// the operator's complement.
    function _ranking() private view returns (uint256[] memory ranking) {
        uint256 size = _candidates.length;
        ranking = new uint256[](size);
        uint256 count = 0;
        for (uint256 i = 0; i < size; i++) {
            address operator = _candidates[i];
            Validator storage candidate = _validators[operator];
            if (!_isEligible(candidate)) continue;
            _insert(ranking, count++, (uint256(candidate.stakeWei) << 160) | ~uint160(operator));
        }
        assembly ("memory-safe") {
            mstore(ranking, count)
        }
    }

    /// @dev By halving, and one MCOPY: anybody can bring about the worst order, and this call must never run out of gas.
    function _insert(uint256[] memory ranking, uint256 count, uint256 word) private pure {
        uint256 low = 0;
        uint256 high = count;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (ranking[middle] > word) low = middle + 1;
            else high = middle;
        }
        assembly ("memory-safe") {
            let place := add(add(ranking, 0x20), mul(low, 0x20))
            mcopy(add(place, 0x20), place, mul(sub(count, low), 0x20))
            mstore(place, word)
        }
    }

    function _replaceSet(uint256[] memory ranking, uint256 count) private {
        uint256 size = _active.length;
        uint256 totalPower = 0;
        for (uint256 i = 0; i < count; i++) {
            address operator = address(~uint160(ranking[i]));
            Validator storage validator = _validators[operator];
            _useNextTip(validator);
            uint64 power = uint64(validator.stakeWei / 1 ether);
            totalPower += power;
            Member memory member = Member(validator.consensusKey, power, validator.feeRecipient, operator);
            if (i < size) _active[i] = member;
            else _active.push(member);
        }
        for (; size > count; size--) _active.pop();
        emit SetChanged(uint64(block.number + 1), count, totalPower);
    }

    // ---- participation ------------------------------------------------------------------------------------------

    /// @dev The parent's height, whose certificate this block carries.
    function _certifiedHeight() private view returns (uint64) {
        return block.number == 0 ? 0 : uint64(block.number - 1);
    }

    function _window() private view returns (uint32) {
        return uint32(_certifiedHeight() / downtimeWindowBlocks);
    }

    function _countMisses(Member[] storage set, bytes calldata signers) private {
        uint32 window = _window();
        for (uint256 i = 0; i < set.length; i++) {
            if ((uint8(signers[i >> 3]) >> (i & 7)) & 1 == 1) continue;
            Participation storage counts = _validators[set[i].operator].participation;
            counts.missedBlocks++;
            counts.missedInWindow = counts.window == window ? counts.missedInWindow + 1 : 1;
            counts.window = window;
        }
    }

    /// @dev Jails the members that missed most first, and never 1/3 of the set's power in one epoch: certificates show
    /// whom builders included, and what is left must still be the validators that the chain was deciding with.
    function _judgeDowntime() private {
        uint256 size = _active.length;
        uint256[] memory absent = new uint256[](size);
        uint256[] memory missed = new uint256[](size);
        uint256 count = 0;
        uint256 totalPower = 0;
        uint256 jailedPower = 0;
        for (uint256 i = 0; i < size; i++) {
            totalPower += _active[i].power;
            Validator storage validator = _validators[_active[i].operator];
            if (validator.jailedUntil != 0) jailedPower += _active[i].power;
            uint256 misses = validator.participation.missedInWindow;
            bool present = validator.participation.window != _window()
                || misses * BASIS_POINTS <= downtimeWindowBlocks * (BASIS_POINTS - downtimeShareBps);
            if (present || validator.jailedUntil != 0 || validator.place == 0) continue;
            uint256 place = count++;
            while (place > 0 && missed[place - 1] < misses) {
                absent[place] = absent[place - 1];
                missed[place] = missed[place - 1];
                place--;
            }
            absent[place] = i;
            missed[place] = misses;
        }
        for (uint256 k = 0; k < count; k++) {
            Member storage member = _active[absent[k]];
            if ((jailedPower + member.power) * 3 >= totalPower || !_othersRemain(member.operator)) continue;
            jailedPower += member.power;
            uint64 until = uint64(block.number) + jailBlocks;
            _validators[member.operator].jailedUntil = until;
            emit Jailed(member.operator, missed[k], until);
        }
    }

    // ---- randomness ---------------------------------------------------------------------------------------------

    /// @dev The builder is a member whose fee recipient is the coinbase; the reveal tells which, when several share one.
    /// Whoever copied its tip moves on with it, so that no value is revealed twice.
    function _useReveal(bytes32 reveal) private {
        bytes32 tip = keccak256(abi.encodePacked(reveal));
        bool found = false;
        for (uint256 i = 0; i < _active.length; i++) {
            if (_active[i].feeRecipient != block.coinbase) continue;
            Validator storage validator = _validators[_active[i].operator];
            if (validator.randomnessTip != tip) continue;
            validator.randomnessTip = reveal;
            found = true;
        }
        if (!found) revert BadReveal();
    }

    function _useNextTip(Validator storage validator) private {
        bytes32 tip = validator.nextRandomnessTip;
        if (tip == 0) return;
        validator.randomnessTip = tip;
        validator.nextRandomnessTip = 0;
    }

    // ---- money and signatures -----------------------------------------------------------------------------------

    function _unsettled(Validator storage validator) private view returns (uint256) {
        return (uint256(validator.stakeWei) * (_rewardPerStake - validator.rewardDebt)) / REWARD_SCALE;
    }

    function _settleRewards(Validator storage validator) private {
        validator.rewardsWei += uint128(_unsettled(validator));
        validator.rewardDebt = _rewardPerStake;
    }

    function _checkKeyProof(address consensusKey, bytes calldata signature) private view {
        if (_recover(joinDigest(msg.sender), signature) != consensusKey) revert BadKeyProof();
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
