// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofOfAttribution} from "contracts/interfaces/IProofOfAttribution.sol";
import {IStaking} from "contracts/interfaces/IStaking.sol";
import {
    AUDIT_OPEN,
    AdapterBase,
    PUBLISHED,
    REFUTED,
    ROWS_REFUTED,
    ROWS_RIGHT,
    TOO_FEW_AUDITORS,
    UNDECIDED,
    VERSION_REFUTED,
    WAITING
} from "./AdapterBase.sol";
import {StoredAdapter, StoredRowChallenge, StoredVersion, registryStorage} from "./AdapterStorage.sol";
import {books} from "./Money.sol";
import {ATTRIBUTION_ADDRESS} from "./NativeHost.sol";

/// @title Challenges of rows, their committees and their ends
abstract contract AdapterChallenges is AdapterBase {
    uint32 private constant WHOLE_FOLD = type(uint32).max;
    uint256 private constant AUDITS_PER_CALL = 64;
    uint64 private constant RING_BLOCKS = 8192;

    uint8 private constant RIGHT = 1;
    uint8 private constant FORGED = 2;
    uint8 private constant UNAVAILABLE = 4;

    uint8 private constant CHALLENGE_BOND_RETURNED = 2;
    uint8 private constant CHALLENGER = 3;
    uint8 private constant AUDITOR = 5;
    uint8 private constant SLASHED = 6;
    uint8 private constant CHALLENGE_LOST = 7;

    // ---- challenge ----------------------------------------------------------------------------------------------

    function challengeRows(uint64 adapterId, uint32 row, string calldata evidenceCid)
        external
        payable
        returns (uint64 challengeId)
    {
        StoredAdapter storage adapter = existing(adapterId);
        requireUnchallenged(adapterId);
        (uint32 number, StoredVersion storage version) = newest(adapter, PUBLISHED);
        if (row != WHOLE_FOLD && row >= version.rowCount) revert UnknownRow(row);
        checkText(evidenceCid, CID_BYTES, true);
        if (msg.value != rowChallengeBondWei) revert WrongBond(msg.value, rowChallengeBondWei);

        challengeId = ++registryStorage().challengeCount;
        // the version does not become active while the challenge is open
        version.activeFromBlock = 0;
        retireBefore(adapter, 0);
        StoredRowChallenge storage c = registryStorage().rowChallenges[adapterId];
        c.challenger = msg.sender;
        c.challengeId = challengeId;
        c.status = WAITING;
        (c.seats, c.committed, c.revealed, c.verdicts) = (0, 0, 0, 0);
        c.row = row;
        c.version = number;
        c.challengeBlock = thisBlock();
        (c.commitEndBlock, c.revealEndBlock) = (0, 0);
        c.bondWei = uint96(msg.value);
        books().bondsWei += uint128(msg.value);
        emit RowsChallenged(adapterId, challengeId, msg.sender, number, row, evidenceCid);
    }

    function getRowChallenge(uint64 adapterId) external view returns (RowChallenge memory) {
        existing(adapterId);
        StoredRowChallenge storage c = registryStorage().rowChallenges[adapterId];
        if (c.status == 0) revert WrongChallengeStatus(adapterId, c.status);
        address[] memory committee = new address[](c.seats);
        uint8[] memory verdicts = new uint8[](c.seats);
        for (uint8 seat = 0; seat < c.seats; seat++) {
            (committee[seat], verdicts[seat]) = (auditorAt(c, seat), verdictAt(c, seat));
        }
        return RowChallenge(
            c.challengeId,
            c.status,
            c.challenger,
            c.bondWei,
            c.version,
            c.row,
            c.challengeBlock,
            c.commitEndBlock,
            c.revealEndBlock,
            committee,
            c.committed,
            c.revealed,
            verdicts
        );
    }

    function challengeIn(uint64 adapterId, uint8 wanted) private view returns (StoredRowChallenge storage c) {
        existing(adapterId);
        c = registryStorage().rowChallenges[adapterId];
        if (c.status != wanted) revert WrongChallengeStatus(adapterId, c.status);
    }

    function auditorAt(StoredRowChallenge storage c, uint8 seat) private view returns (address) {
        return seat == 0 ? c.auditor0 : seat == 1 ? c.auditor1 : c.auditor2;
    }

    function verdictAt(StoredRowChallenge storage c, uint8 seat) private view returns (uint8) {
        return uint8((c.verdicts >> (4 * seat)) & 0x0f);
    }

    // ---- draw ---------------------------------------------------------------------------------------------------

    function drawRowAudit(uint64 adapterId) external returns (address[] memory committee) {
        StoredRowChallenge storage c = challengeIn(adapterId, WAITING);
        bytes32 seed = seedOf(adapterId, c);
        (address[] memory accounts, uint256[] memory bonds, uint256 count) = eligible(adapterId, c);
        if (count < auditCommittee) {
            end(adapterId, c, TOO_FEW_AUDITORS);
            return new address[](0);
        }
        committee = new address[](auditCommittee);
        for (uint8 seat = 0; seat < auditCommittee; seat++) {
            uint256 index = draw(keccak256(abi.encodePacked(seed, seat)), bonds);
            committee[seat] = accounts[index];
            bonds[index] = 0; // seated: no ticket falls on it any more
        }
        c.auditor0 = committee[0];
        if (auditCommittee > 1) c.auditor1 = committee[1];
        if (auditCommittee > 2) c.auditor2 = committee[2];
        c.seats = auditCommittee;
        c.status = AUDIT_OPEN;
        c.commitEndBlock = thisBlock() + rowAuditCommitBlocks;
        c.revealEndBlock = c.commitEndBlock + auditRevealBlocks;
        emit RowAuditDrawn(adapterId, c.challengeId, committee, c.commitEndBlock, c.revealEndBlock);
    }

    /// @dev With the randomness of the block after the challenge's, or of the newest one a multiple of 8192 later.
    function seedOf(uint64 adapterId, StoredRowChallenge storage c) private view returns (bytes32) {
        uint64 fromBlock = uint64(c.challengeBlock) + 1;
        if (block.number < fromBlock) revert TooEarly(fromBlock);
        uint64 newestBlock = uint64(block.number - ((block.number - fromBlock) % RING_BLOCKS));
        bytes32 randomness = IStaking(staking).randomness(newestBlock);
        if (randomness == 0) revert TooEarly(fromBlock);
        return keccak256(abi.encodePacked(randomness, adapterId, c.version, c.row));
    }

    /// @dev Auditors that were registered when the challenge came, in the order of the list. Zero bonds are no auditors.
    function eligible(uint64 adapterId, StoredRowChallenge storage c)
        private
        view
        returns (address[] memory accounts, uint256[] memory bonds, uint256 count)
    {
        StoredAdapter storage adapter = registryStorage().adapters[adapterId];
        IProofOfAttribution attribution = IProofOfAttribution(ATTRIBUTION_ADDRESS);
        accounts = attribution.auditorsOf(adapter.baseModelId);
        bonds = new uint256[](accounts.length);
        for (uint256 i = 0; i < accounts.length; i++) {
            if (accounts[i] == adapter.owner || accounts[i] == c.challenger) continue;
            IProofOfAttribution.Auditor memory info = attribution.auditorInfo(accounts[i], adapter.baseModelId);
            if (info.activeBlock > c.challengeBlock) continue;
            bonds[i] = info.bondWei;
            count++;
        }
    }

    /// @dev The auditor that a ticket falls on, counted over the bonds.
    function draw(bytes32 number, uint256[] memory bonds) private pure returns (uint256 index) {
        uint256 sum = 0;
        for (uint256 i = 0; i < bonds.length; i++) sum += bonds[i];
        uint256 ticket = uint256(number) % sum;
        while (ticket >= bonds[index]) ticket -= bonds[index++];
    }

    // ---- verdicts -----------------------------------------------------------------------------------------------

    function commitRowAudit(uint64[] calldata adapterIds, bytes32 commitment) external {
        checkCount(adapterIds.length, 1, AUDITS_PER_CALL);
        if (commitment == 0) revert ZeroCommitment();
        (uint64[] memory challengeIds, uint8[] memory seats) = duties(adapterIds);
        for (uint256 i = 0; i < adapterIds.length; i++) {
            StoredRowChallenge storage c = registryStorage().rowChallenges[adapterIds[i]];
            if (block.number > c.commitEndBlock) revert TooLate(c.commitEndBlock);
            uint8 bit = uint8(1 << seats[i]);
            if (c.committed & bit != 0) revert AlreadyCommitted(adapterIds[i]);
            c.committed |= bit;
        }
        registryStorage().rowCommitments[msg.sender][commitment] = keccak256(abi.encode(challengeIds));
        emit RowAuditCommitted(msg.sender, commitment, adapterIds);
    }

    function revealRowAudit(uint64[] calldata adapterIds, uint8[] calldata verdicts, bytes32 salt) external {
        checkCount(adapterIds.length, 1, AUDITS_PER_CALL);
        if (verdicts.length != adapterIds.length) revert LengthMismatch();
        (uint64[] memory challengeIds, uint8[] memory seats) = duties(adapterIds);
        bytes32 commitment = keccak256(abi.encode(msg.sender, adapterIds, verdicts, salt));
        mapping(bytes32 => bytes32) storage commitments = registryStorage().rowCommitments[msg.sender];
        if (commitments[commitment] != keccak256(abi.encode(challengeIds))) revert UnknownCommitment(commitment);
        commitments[commitment] = 0;
        for (uint256 i = 0; i < adapterIds.length; i++) recordVerdict(adapterIds[i], seats[i], verdicts[i]);
    }

    function recordVerdict(uint64 adapterId, uint8 seat, uint8 verdict) private {
        StoredRowChallenge storage c = registryStorage().rowChallenges[adapterId];
        if (block.number > c.revealEndBlock) revert TooLate(c.revealEndBlock);
        if (!commitsClosed(c)) revert TooEarly(uint64(c.commitEndBlock) + 1);
        if (verdict != RIGHT && verdict != FORGED && verdict != UNAVAILABLE) revert InvalidVerdict(verdict);
        c.revealed |= uint8(1 << seat);
        c.verdicts |= uint16(verdict) << (4 * seat);
        emit RowAuditRevealed(adapterId, c.challengeId, msg.sender, verdict);
    }

    /// @dev The caller's seats in open audits, and what they are about.
    function duties(uint64[] calldata adapterIds)
        private
        view
        returns (uint64[] memory challengeIds, uint8[] memory seats)
    {
        challengeIds = new uint64[](adapterIds.length);
        seats = new uint8[](adapterIds.length);
        for (uint256 i = 0; i < adapterIds.length; i++) {
            StoredRowChallenge storage c = challengeIn(adapterIds[i], AUDIT_OPEN);
            uint8 seat = 0;
            while (seat < c.seats && auditorAt(c, seat) != msg.sender) seat++;
            if (seat == c.seats) revert NotInCommittee(adapterIds[i], msg.sender);
            (challengeIds[i], seats[i]) = (c.challengeId, seat);
        }
    }

    function commitsClosed(StoredRowChallenge storage c) private view returns (bool) {
        return block.number > c.commitEndBlock || c.committed == (1 << c.seats) - 1;
    }

    // ---- end ----------------------------------------------------------------------------------------------------

    function resolveRowChallenge(uint64 adapterId) external returns (uint8 status) {
        StoredRowChallenge storage c = challengeIn(adapterId, AUDIT_OPEN);
        bool allRevealed = commitsClosed(c) && c.revealed == c.committed;
        if (!allRevealed && block.number <= c.revealEndBlock) revert TooEarly(uint64(c.revealEndBlock) + 1);
        uint256 right = countOf(c, true);
        uint256 against = countOf(c, false);
        status = UNDECIDED;
        if (2 * right > c.seats) status = ROWS_RIGHT;
        if (2 * against > c.seats) status = ROWS_REFUTED;
        end(adapterId, c, status);
    }

    function isOnSide(StoredRowChallenge storage c, uint8 seat, bool right) private view returns (bool) {
        uint8 verdict = verdictAt(c, seat);
        return right ? verdict == RIGHT : verdict == FORGED || verdict == UNAVAILABLE;
    }

    function countOf(StoredRowChallenge storage c, bool right) private view returns (uint256 count) {
        for (uint8 seat = 0; seat < c.seats; seat++) if (isOnSide(c, seat, right)) count++;
    }

    function end(uint64 adapterId, StoredRowChallenge storage c, uint8 status) private {
        StoredAdapter storage adapter = registryStorage().adapters[adapterId];
        StoredVersion storage version = adapter.versions[c.version];
        c.status = status;
        if (status == ROWS_REFUTED) {
            version.status = VERSION_REFUTED;
            if (adapter.currentVersion == 0) adapter.status = REFUTED;
        } else {
            goOn(adapter, version, c.challengeBlock, status);
        }
        emit RowChallengeEnded(adapterId, c.challengeId, status, version.activeFromBlock);
        if (status == ROWS_RIGHT) {
            divideLostBond(adapterId, adapter, c);
            return;
        }
        if (status == ROWS_REFUTED) slash(adapterId, adapter, c);
        creditBond(c.challenger, CHALLENGE_BOND_RETURNED, adapterId, c.bondWei);
    }

    /// @dev Rows that were found right get the blocks back that were left of their window.
    function goOn(StoredAdapter storage adapter, StoredVersion storage version, uint40 challengeBlock, uint8 status)
        private
    {
        uint40 endBlock = version.challengeEndBlock;
        if (status == ROWS_RIGHT) endBlock = thisBlock() + (endBlock - challengeBlock);
        else if (endBlock < thisBlock()) endBlock = thisBlock();
        version.challengeEndBlock = endBlock;
        activateFrom(adapter, version, endBlock);
    }

    /// @dev Half to the challenger, a quarter to the auditors that found against the rows, the rest to the treasury.
    function slash(uint64 adapterId, StoredAdapter storage adapter, StoredRowChallenge storage c) private {
        uint256 bondWei = adapter.bondWei;
        adapter.bondWei = 0;
        emit AdapterSlashed(adapterId, c.version, uint96(bondWei));
        creditBond(c.challenger, CHALLENGER, adapterId, bondWei / 2);
        uint256 paidWei = payAuditors(adapterId, c, false, bondWei / 4);
        creditBond(treasury, SLASHED, adapterId, bondWei - bondWei / 2 - paidWei);
    }

    /// @dev Half to the auditors that found the rows right, the rest to the adapter's owner.
    function divideLostBond(uint64 adapterId, StoredAdapter storage adapter, StoredRowChallenge storage c) private {
        uint256 paidWei = payAuditors(adapterId, c, true, c.bondWei / 2);
        creditBond(adapter.owner, CHALLENGE_LOST, adapterId, c.bondWei - paidWei);
    }

    function payAuditors(uint64 adapterId, StoredRowChallenge storage c, bool right, uint256 amountWei)
        private
        returns (uint256 paidWei)
    {
        uint256 shareWei = amountWei / countOf(c, right);
        for (uint8 seat = 0; seat < c.seats; seat++) {
            if (!isOnSide(c, seat, right)) continue;
            creditBond(auditorAt(c, seat), AUDITOR, adapterId, shareWei);
            paidWei += shareWei;
        }
    }
}
