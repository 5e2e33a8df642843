from pathlib import Path

import gradio as gr
import pytest
from gradio.data_classes import ImageData
from gradio.utils import get_upload_folder
from PIL import Image

from crossmodal.ui.components import SafeImage


def test_a_picture_outside_the_upload_folder_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "private.png"
    Image.new("RGB", (8, 8)).save(outside)
    sneaky = f"{get_upload_folder()}/../{outside.relative_to('/')}"
    for path in (str(outside), sneaky, "/etc/passwd", ""):
        with pytest.raises(gr.Error, match="not one of the uploaded files"):
            SafeImage(type="pil").preprocess(ImageData(path=path))


def test_a_link_in_the_upload_folder_to_a_picture_outside_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "private.png"
    Image.new("RGB", (8, 8)).save(outside)
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / f"link-{tmp_path.name}.png"
    link.symlink_to(outside)
    try:
        with pytest.raises(gr.Error, match="not one of the uploaded files"):
            SafeImage(type="pil").preprocess(ImageData(path=str(link)))
    finally:
        link.unlink()


def test_a_data_address_is_refused() -> None:
    with pytest.raises(gr.Error, match="not one of the uploaded files"):
        SafeImage(type="pil").preprocess(ImageData(url="data:image/png;base64,iVBORw0KGgo="))


def test_the_front_end_draws_it_as_an_image_with_its_properties() -> None:
    component = SafeImage(type="pil", label="Picture", height=330)
    assert component.get_block_name() == "image"
    assert component.get_config()["label"] == "Picture"
