// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DatanetAccess} from "./DatanetAccess.sol";
import {DatanetBase, DatanetParameters} from "./DatanetBase.sol";
import {DatanetChallenges} from "./DatanetChallenges.sol";
import {DatanetContributions} from "./DatanetContributions.sol";
import {DatanetOrder} from "./DatanetOrder.sol";
import {DatanetScorers} from "./DatanetScorers.sol";
import {DatanetTerms} from "./DatanetTerms.sol";
import {DatanetVersions} from "./DatanetVersions.sol";
import {DatanetViews} from "./DatanetViews.sol";

/// @title The Datanet registry, as a contract: what IDatanetRegistry says, for comparison with the native precompile
contract DatanetRegistry is
    DatanetTerms,
    DatanetScorers,
    DatanetContributions,
    DatanetOrder,
    DatanetChallenges,
    DatanetVersions,
    DatanetAccess,
    DatanetViews
{
    constructor(DatanetParameters memory parameters) DatanetBase(parameters) {}
}
