// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DatanetBase} from "./DatanetBase.sol";
import {AccessState, DatanetState} from "./DatanetStorage.sol";

/// @title Access to the content of private Datanets
abstract contract DatanetAccess is DatanetBase {
    uint256 private constant WRAPPED_KEY_BYTES = 512;

    uint8 private constant REQUESTED = 1;
    uint8 private constant GRANTED = 2;
    uint8 private constant GRANT_EXPIRED = 3;
    uint8 private constant REVOKED = 4;

    function requirePrivate(DatanetState storage d) private view {
        if (d.policy != POLICY_PRIVATE) revert WrongPolicy(d.policy);
    }

    function requestAccess(uint64 datanetId, bytes calldata publicKey, string calldata purposeCid) external {
        DatanetState storage d = datanetOf(datanetId);
        requirePrivate(d);
        if (!isPublicKey(publicKey)) revert InvalidPublicKey();
        requireText(purposeCid, CID_BYTES, true);
        AccessState storage a = d.access[msg.sender];
        if (!isGranted(a)) (a.status, a.untilBlock) = (REQUESTED, 0);
        a.requestedBlock = blockNow();
        emit AccessRequested(datanetId, msg.sender, publicKey, purposeCid);
    }

    function isPublicKey(bytes calldata key) private pure returns (bool) {
        if (key.length == 33) return key[0] == 0x02 || key[0] == 0x03;
        return key.length == 65 && key[0] == 0x04;
    }

    function isGranted(AccessState storage a) private view returns (bool) {
        return a.status == GRANTED && block.number <= a.untilBlock;
    }

    function grantAccess(
        uint64 datanetId,
        address account,
        uint40 untilBlock,
        bytes calldata wrappedKey
    ) external {
        DatanetState storage d = datanetOf(datanetId);
        requireRole(d, ACCESS_MANAGER);
        requirePrivate(d);
        requireAccount(account);
        if (untilBlock < block.number) revert InvalidExpiry(untilBlock);
        if (wrappedKey.length > WRAPPED_KEY_BYTES) revert BoundExceeded(wrappedKey.length, WRAPPED_KEY_BYTES);
        d.access[account].status = GRANTED;
        d.access[account].untilBlock = untilBlock;
        emit AccessGranted(datanetId, account, untilBlock, d.keyEpoch, wrappedKey);
    }

    function revokeAccess(uint64 datanetId, address account) external {
        DatanetState storage d = datanetOf(datanetId);
        requireRole(d, ACCESS_MANAGER);
        AccessState storage a = d.access[account];
        if (a.status != GRANTED) revert NoGrant(account);
        a.status = REVOKED;
        a.untilBlock = 0;
        d.keyEpoch++;
        emit AccessRevoked(datanetId, account, d.keyEpoch);
    }

    function hasAccess(uint64 datanetId, address account) external view returns (bool has) {
        DatanetState storage d = datanetOf(datanetId);
        return d.policy != POLICY_PRIVATE || account == d.owner || isGranted(d.access[account]);
    }

    function accessOf(uint64 datanetId, address account) external view returns (Access memory access) {
        AccessState storage a = datanetOf(datanetId).access[account];
        bool expired = a.status == GRANTED && !isGranted(a);
        return Access(expired ? GRANT_EXPIRED : a.status, a.requestedBlock, a.untilBlock);
    }
}
