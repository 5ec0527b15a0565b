// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {books} from "../Money.sol";
import {Text} from "../Text.sol";
import {AttributionBase, HOST_BOND} from "./AttributionBase.sol";
import {StoredHost, StoredRoot, root} from "./AttributionStorage.sol";

uint8 constant HOST_ACTIVE = 1;
uint8 constant HOST_LEAVING = 2;
uint8 constant HOST_LEFT = 3;

/// @title Hosts and their bonds
abstract contract Hosts is AttributionBase {
    uint256 private constant ENDPOINT_BYTES = 256;

    function registerHost(address signer, string calldata endpoint) external payable returns (uint32 hostId) {
        checkFields(signer, endpoint);
        StoredRoot storage r = root();
        uint32 before = r.hostIds[msg.sender];
        if (before != 0 && r.hosts[before].status != HOST_LEFT) revert AlreadyRegistered(msg.sender);
        if (msg.value < hostBondMinWei) revert BondTooLow(msg.value, hostBondMinWei);
        hostId = ++r.hostCount;
        r.hostIds[msg.sender] = hostId;
        StoredHost storage host = r.hosts[hostId];
        host.account = msg.sender;
        host.bondWei = uint96(msg.value);
        host.signer = signer;
        host.status = HOST_ACTIVE;
        host.endpoint = endpoint;
        books().bondsWei += uint128(msg.value);
        emit HostRegistered(msg.sender, hostId, signer, endpoint, msg.value);
    }

    function updateHost(address signer, string calldata endpoint) external {
        StoredHost storage host = activeHost();
        checkFields(signer, endpoint);
        host.signer = signer;
        host.endpoint = endpoint;
        emit HostUpdated(msg.sender, signer, endpoint);
    }

    function addHostBond() external payable {
        if (msg.value == 0) revert ZeroAmount();
        ownHost().bondWei += uint96(msg.value);
        books().bondsWei += uint128(msg.value);
        emit HostBondAdded(msg.sender, msg.value);
    }

    function deregisterHost() external returns (uint40 withdrawableBlock) {
        StoredHost storage host = activeHost();
        withdrawableBlock = thisBlock() + hostExitBlocks;
        host.status = HOST_LEAVING;
        host.withdrawableBlock = withdrawableBlock;
        emit HostLeaving(msg.sender, withdrawableBlock);
    }

    function withdrawHostBond() external returns (uint256 amountWei) {
        StoredHost storage host = ownHost();
        bool isLocked = host.status != HOST_LEAVING || block.number < host.withdrawableBlock;
        if (isLocked) revert BondLocked(host.withdrawableBlock);
        if (host.openFeesWei > 0) revert ReceiptsOpen(host.openFeesWei);
        amountWei = host.bondWei;
        host.status = HOST_LEFT;
        host.bondWei = 0;
        creditBond(msg.sender, HOST_BOND, bytes32(uint256(root().hostIds[msg.sender])), amountWei);
        emit HostLeft(msg.sender, amountWei);
    }

    function hostInfo(address account) external view returns (Host memory info) {
        uint32 hostId = root().hostIds[account];
        if (hostId == 0) revert NotRegistered(account);
        StoredHost storage host = root().hosts[hostId];
        return
            Host(hostId, host.status, host.signer, host.bondWei, host.openFeesWei, host.withdrawableBlock, host.endpoint);
    }

    /// @dev The caller's registration, unless its bond has left.
    function ownHost() private view returns (StoredHost storage host) {
        uint32 hostId = root().hostIds[msg.sender];
        host = root().hosts[hostId];
        if (hostId == 0 || host.status == HOST_LEFT) revert NotRegistered(msg.sender);
    }

    function activeHost() private view returns (StoredHost storage host) {
        host = ownHost();
        if (host.status != HOST_ACTIVE) revert NotRegistered(msg.sender);
    }

    function checkFields(address signer, string calldata endpoint) private view {
        if (signer == address(0) || isSystem(signer)) revert InvalidSigner(signer);
        uint256 length = bytes(endpoint).length;
        if (length > ENDPOINT_BYTES) revert BoundExceeded(length, ENDPOINT_BYTES);
        if (length == 0 || Text.hasHidden(endpoint)) revert InvalidText();
    }
}
