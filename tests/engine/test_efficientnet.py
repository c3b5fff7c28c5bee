"""What the default encoder keeps so that masks come sooner."""

import torch

from segstudio.engine.models import build_network


def test_what_is_kept_for_masks_follows_the_weights_and_the_statistics() -> None:
    torch.manual_seed(0)
    network, other = (build_network("unet-efficientnet-lite0", 1).eval() for _ in range(2))
    x = torch.rand(1, 3, 64, 64)

    def said() -> tuple[torch.Tensor, torch.Tensor]:
        with torch.inference_mode():
            kept = network(x)
        with torch.no_grad():
            return kept, network(x)

    assert torch.equal(*said())
    network.load_state_dict(other.state_dict())
    assert torch.equal(*said())
    with torch.inference_mode():
        assert torch.equal(network(x), other(x))
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1, fused=True)
    for _ in range(2):
        network.train()
        network(torch.rand(2, 3, 64, 64)).mean().backward()
        optimizer.step()
        network.eval()
        assert torch.equal(*said())
