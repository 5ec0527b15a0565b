// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDatanetRegistry} from "contracts/interfaces/IDatanetRegistry.sol";
import {books, Money} from "../Money.sol";
import {blobId, NATIVE_HOST} from "../NativeHost.sol";
import {Text} from "../Text.sol";
import {
    ContributionState,
    DatanetState,
    datanetRegistry,
    RegistryState,
    ScorerState,
    Seats
} from "./DatanetStorage.sol";

/// @notice What genesis fixes for the registry.
struct DatanetParameters {
    bytes32 genesisHash;
    address stakingAddress;
    address treasuryAddress;
    address governanceAddress;
    uint40 revealMinBlocks;
    uint40 revealMaxBlocks;
    uint40 scoreCommitBlocks;
    uint40 scoreRevealBlocks;
    uint256 scorerBondWei;
    uint40 scorerExitBlocks;
    uint256 scorerPanel;
    uint40 contributionChallengeBlocks;
    uint96 contributionChallengeBondWei;
    uint40 purseExitBlocks;
    uint32 privateRecordsMin;
}

/// @title What all parts of the registry have in common
abstract contract DatanetBase is IDatanetRegistry, Money {
    using Seats for uint64;

    uint8 internal constant POLICY_OPEN = 0;
    uint8 internal constant POLICY_PRIVATE = 2;

    uint8 internal constant MANAGER = 1;
    uint8 internal constant FREEZER = 2;
    uint8 internal constant ACCESS_MANAGER = 4;
    uint8 internal constant ALL_ROLES = 7;

    uint8 internal constant RECORDS = 0;
    uint8 internal constant LABELS = 1;
    uint8 internal constant CORRECTION = 2;
    uint8 internal constant FEEDBACK = 3;

    uint8 internal constant NONE = 0;
    uint8 internal constant COMMITTED = 1;
    uint8 internal constant REVEALED = 2;
    uint8 internal constant SCORING = 3;
    uint8 internal constant ACCEPTED = 4;
    uint8 internal constant REJECTED = 5;
    uint8 internal constant REFUTED = 6;
    uint8 internal constant DUPLICATE = 7;
    uint8 internal constant EXPIRED = 8;
    uint8 internal constant RETURNED = 9;
    uint8 internal constant WAITING = 10;
    uint8 internal constant CHALLENGED = 11;
    uint8 internal constant PLANTED = 12;

    uint8 internal constant BOND_RETURNED = 1;
    uint8 internal constant BOND_KEPT = 2;
    uint8 internal constant SCORER_BOND = 3;
    uint8 internal constant BOUNTY = 5;
    uint8 internal constant SCORER_PAY = 6;
    uint8 internal constant PURSE = 7;
    uint8 internal constant CHALLENGE_BOND = 8;
    uint8 internal constant CHALLENGE_WON = 9;
    uint8 internal constant CHALLENGE_LOST = 10;

    uint16 internal constant FULL_BPS = 10_000;
    uint8 internal constant REASON_MAX = 7;
    uint256 internal constant SCORER_QUORUM = 3;
    uint256 internal constant SCORERS = 64;
    uint256 internal constant SCORES_PER_CALL = 64;
    uint256 internal constant CID_BYTES = 128;
    uint256 internal constant PAGE_ITEMS = 256;

    bytes32 internal immutable genesisHash;
    address internal immutable governance;
    uint40 internal immutable revealMinBlocks;
    uint40 internal immutable revealMaxBlocks;
    uint40 internal immutable scoreCommitBlocks;
    uint40 internal immutable scoreRevealBlocks;
    uint256 internal immutable scorerBondWei;
    uint40 internal immutable scorerExitBlocks;
    uint256 internal immutable scorerPanel;
    uint40 internal immutable contributionChallengeBlocks;
    uint96 internal immutable contributionChallengeBondWei;
    uint40 internal immutable purseExitBlocks;
    uint32 internal immutable privateRecordsMin;

    constructor(DatanetParameters memory p) Money(p.stakingAddress, p.treasuryAddress) {
        genesisHash = p.genesisHash;
        governance = p.governanceAddress;
        revealMinBlocks = p.revealMinBlocks;
        revealMaxBlocks = p.revealMaxBlocks;
        scoreCommitBlocks = p.scoreCommitBlocks;
        scoreRevealBlocks = p.scoreRevealBlocks;
        scorerBondWei = p.scorerBondWei;
        scorerExitBlocks = p.scorerExitBlocks;
        scorerPanel = p.scorerPanel;
        contributionChallengeBlocks = p.contributionChallengeBlocks;
        contributionChallengeBondWei = p.contributionChallengeBondWei;
        purseExitBlocks = p.purseExitBlocks;
        privateRecordsMin = p.privateRecordsMin;
    }

    function blockNow() internal view returns (uint40) {
        return uint40(block.number);
    }

    function state() internal pure returns (RegistryState storage) {
        return datanetRegistry();
    }

    function datanetOf(uint64 datanetId) internal view returns (DatanetState storage d) {
        if (datanetId == 0 || datanetId > state().datanetCount) revert UnknownDatanet(datanetId);
        return state().datanets[datanetId];
    }

    function contributionOf(uint64 contributionId) internal view returns (ContributionState storage c) {
        if (contributionId == 0 || contributionId > state().contributionCount)
            revert UnknownContribution(contributionId);
        return state().contributions[contributionId];
    }

    function requireOwner(DatanetState storage d) internal view {
        if (msg.sender != d.owner) revert NotOwner(msg.sender);
    }

    function requireRole(DatanetState storage d, uint8 role) internal view {
        if (msg.sender != d.owner && d.roles[msg.sender] & role == 0) revert MissingRole(msg.sender, role);
    }

    function requireAccount(address account) internal view {
        if (account == address(0) || isSystem(account)) revert InvalidAccount(account);
    }

    function requireBetween(uint256 length, uint256 maximum) internal pure {
        if (length == 0 || length > maximum) revert BoundExceeded(length, maximum);
    }

    function requireText(string memory text, uint256 maximum, bool mayBeEmpty) internal pure {
        uint256 length = bytes(text).length;
        if (length > maximum) revert BoundExceeded(length, maximum);
        if (length == 0 && !mayBeEmpty) revert InvalidText();
        if (Text.hasHidden(text)) revert InvalidText();
    }

    /// @dev Whoever holds no seat has the seat zero and `seated` false.
    function seatOf(DatanetState storage d, address account) internal view returns (bool seated, uint8 seat) {
        uint8 seatPlusOne = d.seatOf[account];
        return seatPlusOne == 0 ? (false, 0) : (true, seatPlusOne - 1);
    }

    /// @dev Whether a panel's seat still belongs to the account that had it when the candidates were fixed.
    function sameScorer(DatanetState storage d, ContributionState storage c, uint256 seat) internal view returns (bool) {
        ScorerState storage scorer = d.scorers[uint8(seat)];
        return d.takenSeats.has(seat) && scorer.seating <= c.seatings;
    }

    /// @dev Content, receipts and target of such a contribution are free for others.
    function hasFallen(uint8 status) internal pure returns (bool) {
        return (status >= REJECTED && status <= RETURNED) || status == PLANTED;
    }

    function isTombstone(uint64 contributionId) internal view returns (bool) {
        return (state().tombstones[contributionId / 256] >> (contributionId % 256)) & 1 == 1;
    }

    function minhashId(uint64 contributionId) internal pure returns (bytes32) {
        uint256[] memory keys = new uint256[](1);
        keys[0] = contributionId;
        return blobId("openledger.blob.Minhash", keys);
    }

    function minhashOf(uint64 contributionId) internal view returns (bytes memory) {
        return NATIVE_HOST.readBlob(address(this), minhashId(contributionId));
    }

    // ---- money

    function receiveBond(uint256 amountWei) internal {
        books().bondsWei += uint128(amountWei);
    }

    function creditFromBonds(address account, uint8 reason, uint256 ref, uint256 amountWei) internal {
        books().bondsWei -= uint128(amountWei);
        credit(account, reason, ref, amountWei);
    }

    function creditFromPots(address account, uint8 reason, uint256 ref, uint256 amountWei) internal {
        books().potsWei -= uint128(amountWei);
        credit(account, reason, ref, amountWei);
    }

    /// @dev Gives the bond to who paid it.
    function returnBond(uint64 contributionId, ContributionState storage c) internal returns (uint256 bondWei) {
        bondWei = c.bondWei;
        c.bondWei = 0;
        address payer = c.sponsor == address(0) ? c.contributor : c.sponsor;
        creditFromBonds(payer, BOND_RETURNED, contributionId, bondWei);
    }

    function keepBond(uint64 contributionId, ContributionState storage c) internal {
        uint256 bondWei = c.bondWei;
        c.bondWei = 0;
        creditFromBonds(treasury, BOND_KEPT, contributionId, bondWei);
    }

    /// @dev The bounty that was set aside goes back into the purse.
    function dropBounty(DatanetState storage d, ContributionState storage c) internal {
        d.promisedWei -= c.bountyWei;
        d.purseWei += c.bountyWei;
        c.bountyWei = 0;
    }

    /// @dev A contribution that ended without being accepted, or fell later, holds nothing back from others.
    function letGo(uint64 contributionId, ContributionState storage c) internal {
        if (c.contentRoot != 0 && state().roots[c.contentRoot] == contributionId) delete state().roots[c.contentRoot];
        if (c.kind == CORRECTION && c.targetId != 0) {
            ContributionState storage target = state().contributions[c.targetId];
            if (target.supersededBy == contributionId) target.supersededBy = 0;
        }
    }
}
