import pytest
import torch

from segstudio.domain.errors import UserError
from segstudio.engine.models import NETWORKS, build_network, output_channels
from segstudio.engine.network import GUIDANCE_CHANNELS


@pytest.mark.parametrize("name", sorted(NETWORKS))
@pytest.mark.parametrize(("classes", "channels"), [(1, 1), (2, 3), (5, 6)])
def test_logits_are_as_large_as_the_input(name: str, classes: int, channels: int) -> None:
    assert output_channels(classes) == channels
    network = build_network(name, classes).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 64, 96)).shape == (1, channels, 64, 96)


def test_default_network_is_light() -> None:
    count = sum(parameter.numel() for parameter in build_network("unet-efficientnet-lite0", 1).parameters())
    assert 3.0e6 < count < 3.4e6


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_pretrained_and_fresh_parameters_make_up_all(name: str) -> None:
    network = build_network(name, 2)
    parts = [*network.pretrained_parameters(), *network.fresh_parameters()]
    assert sorted(map(id, parts)) == sorted(map(id, network.parameters()))
    assert any(key.startswith(network.output_layer()) for key in network.state_dict())


def test_training_keeps_the_statistics_of_imagenet() -> None:
    network = build_network("unet-efficientnet-lite0", 1)
    network.load_pretrained()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.begin_training()
    network(torch.rand(2, 3, 64, 64))
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed
    assert not any(name.startswith("encoder.") for name in changed)


def test_what_all_images_have_in_common_is_not_learned() -> None:
    network = build_network("unet-efficientnet-lite0", 1)
    network.load_pretrained()
    network.begin_training()
    network(torch.rand(2, 3, 64, 64), torch.rand(2, GUIDANCE_CHANNELS, 64, 64)).square().mean().backward()
    taught = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
    assert not any(name.startswith(("encoder.stem.", "encoder.blocks.2.")) or "depthwise" in name for name in taught)
    assert {"guide.weight", "encoder.blocks.3.expand.conv.weight", "encoder.blocks.3.expand.norm.bias"} <= taught


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_guidance_changes_nothing_before_it_was_learned_and_something_afterwards(name: str) -> None:
    network = build_network(name, 1)
    x, guidance = torch.rand(2, 3, 64, 64), torch.rand(2, GUIDANCE_CHANNELS, 64, 64)
    with torch.no_grad():
        assert torch.equal(network.eval()(x), network(x, guidance))
    network.train()
    network(x, guidance).square().mean().backward()
    with torch.no_grad():
        for parameter in network.guide.parameters():
            parameter -= 10 * parameter.grad
        assert not torch.equal(network.eval()(x), network(x, guidance))


def test_unknown_network_is_named() -> None:
    with pytest.raises(UserError, match="giraffe"):
        build_network("giraffe", 1)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_what_a_step_changes_is_what_is_said_to_change(name: str) -> None:
    torch.manual_seed(0)
    network = build_network(name, 1)
    network.begin_training()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(2):
        guidance = torch.rand(2, GUIDANCE_CHANNELS, 64, 64)
        network(torch.rand(2, 3, 64, 64), guidance).square().mean().backward()
        optimizer.step()
    after = network.state_dict()
    assert {name for name in after if not torch.equal(before[name], after[name])} == set(network.changing())
    assert all(tensor.data_ptr() == after[name].data_ptr() for name, tensor in network.changing().items())
