// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISlashing} from "contracts/interfaces/ISlashing.sol";
import {IStaking} from "contracts/interfaces/IStaking.sol";

/// @title Slashing, the predeploy that judges evidence
/// @dev Staking holds the stake and obeys this contract alone. The balance here is the sum of the bounties kept.
contract Slashing is ISlashing {
    bytes32 private constant VOTE_TAG = keccak256("openledger.consensus.v1");
    /// Half of secp256k1's order: a high s would give every signature a twin (EIP-2).
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    uint256 private constant BASIS_POINTS = 10_000;

    IStaking public immutable staking;
    address public immutable treasury;
    uint256 public immutable doubleSignSlashBps;
    uint256 public immutable doubleSignBountyBps;

    mapping(address reporter => uint256) private _bounties;

    constructor(IStaking staking_, address treasury_, uint256 doubleSignSlashBps_, uint256 doubleSignBountyBps_) {
        staking = staking_;
        treasury = treasury_;
        doubleSignSlashBps = doubleSignSlashBps_;
        doubleSignBountyBps = doubleSignBountyBps_;
    }

    /// @dev Only slashed stake comes in.
    receive() external payable {
        if (msg.sender != address(staking)) revert OnlyStaking();
    }

    function reportDoubleSign(SignedMessage calldata first, SignedMessage calldata second) external {
        bool samePlace = first.kind == second.kind && first.height == second.height && first.round == second.round;
        bool differ = first.blockHash != second.blockHash || first.validRound != second.validRound;
        if (!samePlace || !differ) revert NoDoubleSign();
        bytes32 genesisHash = staking.genesisHash();
        address signer = _signerOf(first, genesisHash);
        if (signer == address(0) || signer != _signerOf(second, genesisHash)) revert NoDoubleSign();
        address operator = _accountable(signer, first.height);

        uint256 slashedWei = staking.slash(operator, doubleSignSlashBps);
        uint256 bountyWei = (slashedWei * doubleSignBountyBps) / BASIS_POINTS;
        emit DoubleSigned(operator, msg.sender, first.height, slashedWei, bountyWei);
        if (!_send(treasury, slashedWei - bountyWei)) revert TransferFailed();
        if (!_send(msg.sender, bountyWei)) {
            // an account that refuses wei must not keep a cheat in the set
            _bounties[msg.sender] += bountyWei;
            emit BountyKept(msg.sender, bountyWei);
        }
    }

    function claimBounty() external {
        uint256 bountyWei = _bounties[msg.sender];
        if (bountyWei == 0) revert NothingToClaim();
        _bounties[msg.sender] = 0;
        emit BountyClaimed(msg.sender, bountyWei);
        if (!_send(msg.sender, bountyWei)) revert TransferFailed();
    }

    function bountyOf(address reporter) external view returns (uint256) {
        return _bounties[reporter];
    }

    /// @dev Stake that voted at a height is withdrawable no sooner than the unbonding time after it, so evidence of less
    /// age always finds it.
    function _accountable(address signer, uint64 height) private view returns (address operator) {
        uint64 votesUntil;
        (operator, votesUntil) = staking.keyOf(signer);
        if (operator == address(0)) revert UnknownKey(signer);
        if (votesUntil != 0 && height > votesUntil) revert KeyRetired(votesUntil);
        uint256 acceptedBefore = uint256(height) + staking.unbondingBlocks();
        if (block.number >= acceptedBefore) revert EvidenceTooOld(uint64(acceptedBefore));
    }

    /// @dev The digest of `src/ledger/vote.ts`. The zero address when there is no valid signature.
    function _signerOf(SignedMessage calldata message, bytes32 genesisHash) private view returns (address) {
        if (uint256(message.s) > HALF_ORDER) return address(0);
        bytes32 digest = keccak256(
            abi.encode(
                VOTE_TAG,
                genesisHash,
                block.chainid,
                uint256(message.height),
                uint256(message.round),
                uint256(message.kind),
                message.blockHash,
                message.validRound
            )
        );
        return ecrecover(digest, message.v, message.r, message.s);
    }

    function _send(address to, uint256 amountWei) private returns (bool sent) {
        if (amountWei == 0) return true;
        (sent,) = to.call{value: amountWei}("");
    }
}
