"""Many pictures from files, zip archives and folders, one at a time, none of them trusted."""

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from crossmodal.errors import PictureError, UserError
from crossmodal.images import read_picture

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
MOST_PICTURES = 5_000
LARGEST_FILE = 50_000_000
"""Bytes of one picture inside an archive, unpacked."""
LARGEST_ARCHIVE = 2_000_000_000
"""Bytes of all of an archive, unpacked: what its table of contents says, which zipfile reads no further than."""
MOST_ENTRIES = 20_000


@dataclass(frozen=True)
class Source:
    """One picture that may or may not be readable. Nothing is opened before `read`."""

    name: str
    path: Path
    member: str = ""
    """The entry, where `path` is an archive."""
    archive: zipfile.ZipFile | None = None
    """Opened once for all its entries: reading its table of contents costs more than reading a picture."""

    def read(self) -> Image.Image:
        """Raises PictureError, saying why, where there is no picture in it."""
        return read_picture(self.path if self.archive is None else io.BytesIO(self.content()), self.name)

    def content(self) -> bytes:
        """The file as it is. Raises PictureError where it cannot be unpacked, or is too large."""
        if self.archive is None:
            if self.path.stat().st_size > LARGEST_FILE:
                raise _too_large()
            return self.path.read_bytes()
        if _leads_outside(self.member):
            raise PictureError(
                "Its path in the archive leads outside the archive. Pack it anew.", "它在压缩包里的路径指向外部。请重新打包。"
            )
        try:
            with self.archive.open(self.member) as entry:
                content = entry.read(LARGEST_FILE + 1)  # the header's own word for its size is not trusted
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, RuntimeError, EOFError, ValueError) as error:
            raise PictureError(
                "It cannot be unpacked: damaged, or locked by a password. Pack it anew.",
                "无法解压：文件已损坏或有密码。请重新打包。",
            ) from error
        if len(content) > LARGEST_FILE:
            raise _too_large()
        return content


def sources(files: Iterable[tuple[Path, str]], suffixes: tuple[str, ...] = SUFFIXES) -> list[Source]:
    """Every picture of the files given as (path, name shown); archives are looked into, their other contents left out.

    suffixes: what is taken from archives.

    Raises UserError where an archive cannot be read, or there are none or too many.
    """
    found: list[Source] = []
    pictures = 0
    for path, name in files:
        members: Iterable[Source] = (
            _members(path, suffixes) if path.suffix.lower() == ".zip" else (Source(_printable(name), path),)
        )
        for source in members:
            found.append(source)
            pictures += PurePosixPath(source.name).suffix.lower() in SUFFIXES or suffixes is SUFFIXES
            if pictures > MOST_PICTURES:
                raise UserError(
                    f"There are more than {MOST_PICTURES:,} pictures. Send them in several parts.",
                    f"图片超过 {MOST_PICTURES:,} 张。请分几次上传。",
                )
    if not found:
        raise UserError(
            "There is no picture in what was sent. Choose pictures or a zip of them.",
            "没有找到图片。请选择图片或其 zip 压缩包。",
        )
    return found


def folder_sources(folder: str, allowed: Path | None) -> list[Source]:
    """Every picture below a folder of the server's. Raises UserError where the operator did not allow it."""
    asked = allowed_folder(folder, allowed)
    assert allowed is not None
    root = allowed.resolve()
    paths = sorted(p for p in asked.rglob("*") if p.suffix.lower() in SUFFIXES and p.resolve().is_relative_to(root))
    return sources((path, _printable(str(path.relative_to(root)))) for path in paths)


def allowed_folder(folder: str, allowed: Path | None) -> Path:
    """A folder at or below the one that the operator opened. Raises UserError for any other."""
    if allowed is None:
        raise UserError(
            "Folders of the server are not open. Start the app with --pictures to open one.",
            "服务器上的文件夹没有开放。请用 --pictures 启动并指定一个。",
        )
    root = allowed.resolve()
    try:
        asked = (root / folder.strip()).resolve()
        there = asked.is_relative_to(root) and asked.is_dir()
    except (OSError, ValueError):  # a name that is too long, or holds a null
        there = False
    if not there:
        raise UserError(
            "There is no such folder below the one that is open. Write its path from there, or “.” for all of it.",
            "开放的目录下没有这个文件夹。请写相对路径，或写“.”表示全部。",
        )
    return asked


def _members(path: Path, suffixes: tuple[str, ...]) -> Iterator[Source]:
    try:
        archive = zipfile.ZipFile(path)
        entries = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
        raise UserError(
            "The archive is damaged or no zip. Pack it anew, or send the pictures themselves.",
            "压缩包已损坏或不是 zip。请重新打包，或直接上传图片。",
        ) from error
    if len(entries) > MOST_ENTRIES or sum(info.file_size for info in entries) > LARGEST_ARCHIVE:
        raise UserError(
            f"The archive has over {MOST_ENTRIES:,} entries or {LARGEST_ARCHIVE // 10**9} GB unpacked. Send it in parts.",
            f"压缩包超过 {MOST_ENTRIES:,} 个条目，或解压后超过 {LARGEST_ARCHIVE // 10**9} GB。请分几次上传。",
        )
    for info in entries:
        entry = info.filename
        if PurePosixPath(entry).suffix.lower() in suffixes and not entry.startswith("__MACOSX/"):
            yield Source(_printable(entry), path, entry, archive)


def _too_large() -> PictureError:
    return PictureError(
        f"It is over {LARGEST_FILE // 1_000_000} MB unpacked. Send a smaller one.",
        f"解压后超过 {LARGEST_FILE // 1_000_000} MB。请换一张小一些的。",
    )


def _printable(name: str) -> str:
    """A name that any encoding of the results can hold."""
    return name.encode(errors="replace").decode()


def _leads_outside(member: str) -> bool:
    parts = PurePosixPath(member.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]
