"""Where the datasets lie."""

from pathlib import Path

import pytest

from agx.data.files import data_home


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for name in ("AGX_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("platform", "cache"),
    [("linux", ".cache"), ("darwin", "Library/Caches"), ("win32", "AppData/Local")],
)
def test_the_data_home_is_in_the_cache_of_the_user(monkeypatch, platform, cache):
    monkeypatch.setattr("sys.platform", platform)
    assert data_home() == Path.home() / cache / "agx"


@pytest.mark.parametrize(
    ("platform", "variable"), [("linux", "XDG_CACHE_HOME"), ("win32", "LOCALAPPDATA")]
)
def test_the_cache_of_the_user_may_lie_elsewhere(monkeypatch, tmp_path, platform, variable):
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert data_home() == tmp_path / "agx"


def test_agx_data_overrides_everything(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("AGX_DATA", str(tmp_path))
    assert data_home() == tmp_path


def test_agx_data_may_start_with_a_tilde(monkeypatch):
    monkeypatch.setenv("AGX_DATA", "~/datasets")
    assert data_home() == Path.home() / "datasets"
