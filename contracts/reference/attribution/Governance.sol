// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AttributionBase} from "./AttributionBase.sol";
import {StoredEnding, StoredGoverned, StoredSettling, governedStorage} from "./AttributionStorage.sol";

/// @title What governance may change
abstract contract Governance is AttributionBase {
    function setGoverned(Governed calldata values) external returns (uint40 fromBlock) {
        bool mayGovern = msg.sender == governanceAddress && governanceAddress != address(0);
        if (!mayGovern) revert NotGovernance(msg.sender);
        checkBounds(values);
        StoredGoverned storage g = governedStorage();
        // of values set in this block already, those before still hold
        if (g.settling.fromBlock <= block.number) {
            g.earlierSettling = g.settling;
            g.earlierEnding = g.ending;
        }
        fromBlock = thisBlock() + 1;
        store(g, values, fromBlock);
        emit GovernedSet(values, fromBlock);
    }

    function store(StoredGoverned storage g, Governed calldata v, uint40 fromBlock) private {
        g.settling = StoredSettling({
            fromBlock: fromBlock,
            settlementGas: v.settlementGas,
            settlerCapBps: v.settlerCapBps,
            windowReceipts: v.windowReceipts,
            windowAgeBlocks: v.windowAgeBlocks,
            closerCapBps: v.closerCapBps
        });
        g.ending.fromBlock = fromBlock;
        g.ending.contributorsBps = v.contributorsBps;
        g.ending.ownerBps = v.ownerBps;
        g.ending.hostBps = v.hostBps;
        g.ending.stakersBps = v.stakersBps;
        g.ending.applicationBps = v.applicationBps;
        g.ending.treasuryBps = v.treasuryBps;
        g.ending.finalizerCapBps = v.finalizerCapBps;
        g.ending.auditorPayBps = v.auditorPayBps;
        g.ending.auditRateBps = v.auditRateBps;
        g.ending.hostSlashBps = v.hostSlashBps;
    }

    /// @dev Names the first field that is out of its bounds.
    function checkBounds(Governed calldata v) private pure {
        uint256 total = uint256(v.contributorsBps) + v.ownerBps + v.hostBps + v.stakersBps + v.applicationBps;
        check(0, v.contributorsBps, 3000, 10_000);
        check(5, total + v.treasuryBps, 10_000, 10_000);
        check(6, v.settlerCapBps, 0, 2000);
        check(7, v.finalizerCapBps, 0, 10_000);
        check(8, uint256(v.auditorPayBps) + v.finalizerCapBps, 0, 10_000);
        check(9, v.auditRateBps, 100, 10_000);
        check(10, v.closerCapBps, 0, 1000);
        check(11, v.hostSlashBps, 0, 10_000);
        check(12, v.windowReceipts, 1, 960);
        check(13, v.windowAgeBlocks, 1, 1_209_600);
        check(14, v.settlementGas, 21_000, 1_000_000);
    }

    function check(uint8 field, uint256 value, uint256 least, uint256 most) private pure {
        if (value < least || value > most) revert OutOfBounds(field);
    }

    /// @dev The values that hold in this block.
    function rules() internal view returns (Governed memory) {
        StoredGoverned storage g = governedStorage();
        if (g.settling.fromBlock <= block.number) return valuesOf(g.settling, g.ending);
        return valuesOf(g.earlierSettling, g.earlierEnding);
    }

    function valuesOf(
        StoredSettling storage s,
        StoredEnding storage e
    ) private view returns (Governed memory v) {
        if (s.fromBlock == 0) return genesisRules();
        v.contributorsBps = e.contributorsBps;
        v.ownerBps = e.ownerBps;
        v.hostBps = e.hostBps;
        v.stakersBps = e.stakersBps;
        v.applicationBps = e.applicationBps;
        v.treasuryBps = e.treasuryBps;
        v.settlerCapBps = s.settlerCapBps;
        v.finalizerCapBps = e.finalizerCapBps;
        v.auditorPayBps = e.auditorPayBps;
        v.auditRateBps = e.auditRateBps;
        v.closerCapBps = s.closerCapBps;
        v.hostSlashBps = e.hostSlashBps;
        v.windowReceipts = s.windowReceipts;
        v.windowAgeBlocks = s.windowAgeBlocks;
        v.settlementGas = s.settlementGas;
    }

    function governed()
        external
        view
        returns (Governed memory current, Governed memory next, uint40 nextFromBlock)
    {
        StoredGoverned storage g = governedStorage();
        current = rules();
        next = valuesOf(g.settling, g.ending);
        if (g.settling.fromBlock > block.number) nextFromBlock = g.settling.fromBlock;
    }
}
