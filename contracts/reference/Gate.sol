// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {INativePrecompile} from "contracts/interfaces/INativePrecompile.sol";
import {NATIVE_HOST} from "./NativeHost.sol";

enum Mutability {
    unknown,
    reads,
    writes,
    takesValue
}

/// @notice What is to be known about a registry's methods before one runs.
interface IMethods {
    function mutabilityOf(bytes4 selector) external pure returns (Mutability);

    /// @notice The arguments of a call decoded and encoded again. Reverts where they cannot be decoded.
    function encodedAgain(bytes calldata input) external pure returns (bytes memory arguments);
}

/// @title The checks of INativePrecompile, in their order, in front of a registry
/// @dev The registry runs by DELEGATECALL: storage, caller and value are those of this account. So it is plain Solidity,
/// and what it reverts with is its own.
contract Gate is INativePrecompile {
    uint256 private constant INPUT_BYTES = 128 * 1024;

    address private immutable self;
    address private immutable registry;
    IMethods private immutable methods;

    constructor(address self_, address registry_, IMethods methods_) {
        self = self_;
        registry = registry_;
        methods = methods_;
    }

    fallback(bytes calldata input) external payable returns (bytes memory) {
        Mutability mutability = input.length < 4 ? Mutability.unknown : methods.mutabilityOf(msg.sig);
        if (mutability == Mutability.unknown) revert UnknownSelector(msg.sig);
        if (address(this) != self) revert CallKindRefused();
        if (mutability != Mutability.reads && NATIVE_HOST.isStatic()) revert StaticCallRefused();
        if (msg.value > 0 && mutability != Mutability.takesValue) revert ValueRefused();
        if (!isCanonical(input)) revert MalformedInput();
        (bool ok, bytes memory output) = registry.delegatecall(input);
        if (ok) return output;
        assembly ("memory-safe") {
            revert(add(output, 32), mload(output))
        }
    }

    /// @dev abi.encode has one encoding for each list of values.
    function isCanonical(bytes calldata input) private view returns (bool) {
        if (input.length > INPUT_BYTES) return false;
        try methods.encodedAgain(input) returns (bytes memory arguments) {
            return keccak256(arguments) == keccak256(input[4:]);
        } catch {
            return false;
        }
    }
}
