// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClaimable} from "contracts/interfaces/IClaimable.sol";
import {ADAPTER_ADDRESS, ATTRIBUTION_ADDRESS, DATANET_ADDRESS, NATIVE_HOST, namespaceSlot} from "./NativeHost.sol";

/// @notice Where the wei of a registry's account is.
struct Books {
    mapping(address account => uint256) credits;
    uint128 creditsWei;
    uint128 bondsWei;
    uint128 depositsWei;
    uint128 pendingWei;
    uint128 potsWei;
}

function books() pure returns (Books storage b) {
    bytes32 slot = namespaceSlot("openledger.storage.Money");
    assembly ("memory-safe") {
        b.slot := slot
    }
}

/// @title The money of a registry
abstract contract Money is IClaimable {
    uint8 private constant SURPLUS = 4;
    uint256 private constant CLAIMS = 64;

    address internal immutable staking;
    address internal immutable treasury;

    constructor(address staking_, address treasury_) {
        staking = staking_;
        treasury = treasury_;
    }

    function isSystem(address account) internal view returns (bool) {
        if (account == staking || account == treasury) return true;
        return account == DATANET_ADDRESS || account == ADAPTER_ADDRESS || account == ATTRIBUTION_ADDRESS;
    }

    /// @dev Of the system's accounts only Staking and Treasury pull.
    function mayClaim(address account) private view returns (bool) {
        return account == staking || account == treasury || !isSystem(account);
    }

    /// @dev Whoever keeps the bucket's sum takes the amount off it first.
    function credit(address account, uint8 reason, uint256 ref, uint256 amountWei) internal {
        if (amountWei == 0) return;
        address payee = mayClaim(account) ? account : treasury;
        addCredit(payee, amountWei);
        emit Credited(payee, reason, bytes32(ref), amountWei);
    }

    function addCredit(address payee, uint256 amountWei) internal {
        books().credits[payee] += amountWei;
        books().creditsWei += uint128(amountWei);
    }

    function credits(address account) external view returns (uint256 amountWei) {
        return books().credits[account];
    }

    function totals() external view returns (Totals memory sums) {
        Books storage b = books();
        return Totals(b.depositsWei, b.pendingWei, b.potsWei, b.creditsWei, b.bondsWei);
    }

    function claim() external returns (uint256 amountWei) {
        return pay(msg.sender);
    }

    function claimFor(address account) external returns (uint256 amountWei) {
        return pay(account);
    }

    function claimMany(address[] calldata accounts) external returns (uint256 amountWei) {
        if (accounts.length == 0 || accounts.length > CLAIMS) revert BoundExceeded(accounts.length, CLAIMS);
        for (uint256 i = 0; i < accounts.length; i++) {
            if (isSystem(accounts[i])) revert SystemAccount(accounts[i]);
            if (books().credits[accounts[i]] > 0) amountWei += pay(accounts[i]);
        }
    }

    function pay(address account) private returns (uint256 amountWei) {
        if (isSystem(account) && !(mayClaim(account) && account == msg.sender)) revert SystemAccount(account);
        Books storage b = books();
        amountWei = b.credits[account];
        if (amountWei == 0) revert NothingToClaim();
        b.credits[account] = 0;
        b.creditsWei -= uint128(amountWei);
        NATIVE_HOST.transfer(account, amountWei);
        emit Claimed(account, msg.sender, amountWei);
    }

    function sweepSurplus() external returns (uint256 amountWei) {
        Books storage b = books();
        uint256 owedWei = uint256(b.depositsWei) + b.pendingWei + b.potsWei + b.creditsWei + b.bondsWei;
        amountWei = address(this).balance - owedWei;
        if (amountWei == 0) return 0;
        addCredit(treasury, amountWei);
        emit Credited(treasury, SURPLUS, 0, amountWei);
        emit SurplusSwept(amountWei);
    }
}
