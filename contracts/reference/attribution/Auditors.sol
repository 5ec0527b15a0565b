// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterRegistry} from "contracts/interfaces/IAdapterRegistry.sol";
import {books} from "../Money.sol";
import {ADAPTERS, AUDITOR_BOND, AttributionBase} from "./AttributionBase.sol";
import {StoredAuditor, StoredRoot, root} from "./AttributionStorage.sol";

uint8 constant AUDITOR_ACTIVE = 1;
uint8 constant AUDITOR_LEAVING = 2;

/// @title Auditors and their bonds
abstract contract Auditors is AttributionBase {
    uint256 private constant AUDITORS = 64;
    uint256 private constant GRANTED_AUDITORS = 16;

    function registerAuditor(uint64 baseModelId) external payable returns (uint32 auditorId) {
        StoredRoot storage r = root();
        if (!isBaseModel(baseModelId)) revert UnknownBaseModel(baseModelId);
        if (r.auditorIds[msg.sender][baseModelId] != 0) revert AlreadyRegistered(msg.sender);
        if (msg.value < auditorBondMinWei) revert BondTooLow(msg.value, auditorBondMinWei);
        uint32[] storage list = r.auditorsOf[baseModelId];
        if (list.length >= AUDITORS) revert TooManyAuditors(AUDITORS);
        auditorId = ++r.auditorCount;
        r.auditorIds[msg.sender][baseModelId] = auditorId;
        StoredAuditor storage auditor = r.auditors[auditorId];
        auditor.account = msg.sender;
        auditor.bondWei = uint96(msg.value);
        auditor.baseModelId = baseModelId;
        auditor.activeBlock = thisBlock();
        auditor.listIndex = uint32(list.length);
        auditor.status = AUDITOR_ACTIVE;
        list.push(auditorId);
        books().bondsWei += uint128(msg.value);
        emit AuditorRegistered(msg.sender, baseModelId, auditorId, msg.value);
    }

    function deregisterAuditor(uint64 baseModelId) external returns (uint40 withdrawableBlock) {
        return endService(activeAuditor(baseModelId));
    }

    /// @dev Ends the service of an active auditor.
    function endService(StoredAuditor storage auditor) internal returns (uint40 withdrawableBlock) {
        withdrawableBlock = thisBlock() + auditorExitBlocks;
        takeOffList(auditor.baseModelId, auditor.listIndex);
        auditor.status = AUDITOR_LEAVING;
        auditor.withdrawableBlock = withdrawableBlock;
        auditor.listIndex = 0;
        emit AuditorLeaving(auditor.account, auditor.baseModelId, withdrawableBlock);
    }

    function addAuditorBond(uint64 baseModelId) external payable {
        if (msg.value == 0) revert ZeroAmount();
        activeAuditor(baseModelId).bondWei += uint96(msg.value);
        books().bondsWei += uint128(msg.value);
        emit AuditorBondAdded(msg.sender, baseModelId, msg.value);
    }

    /// @dev The last one takes its place.
    function takeOffList(uint64 baseModelId, uint32 index) private {
        StoredRoot storage r = root();
        uint32[] storage list = r.auditorsOf[baseModelId];
        uint32 moved = list[list.length - 1];
        list[index] = moved;
        r.auditors[moved].listIndex = index;
        list.pop();
    }

    /// @dev The account stays in storage, for views of committees that it sat in.
    function withdrawAuditorBond(uint64 baseModelId) external returns (uint256 amountWei) {
        (uint32 auditorId, StoredAuditor storage auditor) = ownAuditor(baseModelId);
        bool isLocked = auditor.status != AUDITOR_LEAVING || block.number < auditor.withdrawableBlock;
        if (isLocked) revert BondLocked(auditor.withdrawableBlock);
        amountWei = auditor.bondWei;
        auditor.status = 0;
        auditor.bondWei = 0;
        root().auditorIds[msg.sender][baseModelId] = 0;
        creditBond(msg.sender, AUDITOR_BOND, bytes32(uint256(auditorId)), amountWei);
        emit AuditorLeft(msg.sender, baseModelId, amountWei);
    }

    function auditorInfo(address account, uint64 baseModelId) external view returns (Auditor memory info) {
        uint32 auditorId = root().auditorIds[account][baseModelId];
        if (auditorId == 0) revert NotRegistered(account);
        StoredAuditor storage a = root().auditors[auditorId];
        return Auditor(auditorId, a.status, a.bondWei, a.activeBlock, a.withdrawableBlock);
    }

    function auditorsOf(uint64 baseModelId) external view returns (address[] memory accounts) {
        uint32[] storage list = root().auditorsOf[baseModelId];
        accounts = new address[](list.length);
        for (uint256 i = 0; i < list.length; i++) accounts[i] = root().auditors[list[i]].account;
    }

    function ownAuditor(uint64 baseModelId) private view returns (uint32 auditorId, StoredAuditor storage auditor) {
        auditorId = root().auditorIds[msg.sender][baseModelId];
        if (auditorId == 0) revert NotRegistered(msg.sender);
        auditor = root().auditors[auditorId];
    }

    function activeAuditor(uint64 baseModelId) private view returns (StoredAuditor storage auditor) {
        (, auditor) = ownAuditor(baseModelId);
        if (auditor.status != AUDITOR_ACTIVE) revert NotRegistered(msg.sender);
    }

    // ---- lists of granted auditors ------------------------------------------------------------------------------

    function setGrantedAuditors(address[] calldata auditors) external returns (uint32 grantId) {
        if (auditors.length > GRANTED_AUDITORS) revert BoundExceeded(auditors.length, GRANTED_AUDITORS);
        for (uint256 i = 0; i < auditors.length; i++) {
            address before = i == 0 ? address(0) : auditors[i - 1];
            if (auditors[i] <= before || auditors[i] == msg.sender) revert InvalidAuditors();
        }
        if (auditors.length > 0) grantId = ++root().grantCount;
        if (auditors.length > 0) root().grants[grantId] = auditors;
        root().grantIds[msg.sender] = grantId;
        emit GrantedAuditorsSet(msg.sender, grantId, auditors);
    }

    function grantOf(address requester) external view returns (uint32 grantId, address[] memory auditors) {
        grantId = root().grantIds[requester];
        auditors = root().grants[grantId];
    }

    function grantedAuditors(uint32 grantId) external view returns (address[] memory auditors) {
        if (grantId == 0 || grantId > root().grantCount) revert UnknownGrant(grantId);
        return root().grants[grantId];
    }

    function isBaseModel(uint64 baseModelId) private view returns (bool) {
        try ADAPTERS.getBaseModel(baseModelId) returns (IAdapterRegistry.BaseModel memory) {
            return true;
        } catch {
            return false;
        }
    }
}
