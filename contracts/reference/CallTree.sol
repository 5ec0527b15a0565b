// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Makes the calls that it is told to make, and takes them back when it is told so
/// @notice A call to another CallTree, or to itself, is a branch: so trees of any form can be made.
contract CallTree {
    enum Kind {
        plain,
        statically,
        delegated,
        code
    }

    struct Step {
        Kind kind;
        address to;
        uint256 valueWei;
        bytes data;
    }

    struct Result {
        bool ok;
        bytes output;
    }

    /// @notice All of it is undone; `results` says how the calls had ended.
    error Undone(Result[] results);

    receive() external payable {}

    function run(Step[] calldata steps, bool undo) external payable returns (Result[] memory results) {
        results = new Result[](steps.length);
        for (uint256 i = 0; i < steps.length; i++) results[i] = make(steps[i]);
        if (undo) revert Undone(results);
    }

    function make(Step calldata step) private returns (Result memory result) {
        address to = step.to;
        bytes memory data = step.data;
        if (step.kind == Kind.plain) (result.ok, result.output) = to.call{value: step.valueWei}(data);
        else if (step.kind == Kind.statically) (result.ok, result.output) = to.staticcall(data);
        else if (step.kind == Kind.delegated) (result.ok, result.output) = to.delegatecall(data);
        else (result.ok, result.output) = callCode(to, step.valueWei, data);
    }

    function callCode(address to, uint256 valueWei, bytes memory data) private returns (bool ok, bytes memory output) {
        assembly ("memory-safe") {
            ok := callcode(gas(), to, valueWei, add(data, 32), mload(data), 0, 0)
            output := mload(0x40)
            mstore(output, returndatasize())
            returndatacopy(add(output, 32), 0, returndatasize())
            mstore(0x40, add(output, and(add(returndatasize(), 63), not(31))))
        }
    }
}
