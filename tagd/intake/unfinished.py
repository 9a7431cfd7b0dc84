"""Names that programs give to files which they have not finished writing, by program.

Each takes another name, its own, once it is whole. The sources are the programs' own documentation
or code, as of November 2026.
"""

from __future__ import annotations

from typing import Final

BY_PROGRAM: Final = {
    # chromium: components/download/public/common/download_item_impl.cc
    "Chrome, Edge, Brave, Vivaldi": ("*.crdownload",),
    "Firefox, Thunderbird": ("*.part",),  # toolkit/components/downloads
    "Safari": ("*.download",),
    "Opera": ("*.opdownload",),
    "Internet Explorer, old Edge": ("*.partial",),
    "GNOME Web, KDE": ("*.part",),  # kio: file_unix.cpp; epiphany
    "curl, wget, uploads by hand": ("*.tmp", "*.temp"),
    "rclone": ("*.partial",),  # rclone.org/docs: --partial-suffix
    "WinSCP": ("*.filepart",),  # winscp.net/eng/docs/resume
    "Syncthing": ("~syncthing~*",),  # on Windows; else, as rsync, lftp and Unison, hidden ones
    "Nextcloud, ownCloud": ("*.ocTransferId*", "*.nextcloud", "*.owncloud"),  # parts, placeholders
    "Resilio Sync": ("*.!sync", "*.bts"),  # help.resilio.com: Sync temporary files
    "FreeFileSync": ("*.ffs_tmp",),  # abstract.cpp: TEMP_FILE_ENDING
    "MEGA": ("*.mega",),  # MegaClient: temporary transfer names
    "Google's gsutil": ("*_.gstmp",),  # gslib/utils/copy_helper: TEMPORARY_COMPONENT
    "qBittorrent": ("*.!qB",),  # base/bittorrent/common.h: QB_EXT
    "µTorrent, BitTorrent, BitLord": ("*.!ut", "*.!bt", "*.!bl", "*.ut!"),
    "BitComet, BitSpirit, Vuze, FlashGet": ("*.bc!", "*.bt!", "*.az!", "*.jc!"),
    "DC++": ("*.dctmp",),
    "aria2": ("*.aria2", "*.aria2__temp"),  # aria2.github.io: control files
    "Free Download Manager": ("*.fdmdownload",),
    "DownThemAll": ("*.dtapart",),
    "Xunlei, Baidu": ("*.xltd", "*.td", "*.downloading"),
    "yt-dlp, gallery-dl": ("*.ytdl", "*.part-Frag*"),  # gallery-dl itself: *.part
    "Adobe Lightroom, Bridge": ("*._[0-9][0-9]_", "*.lrtmp"),
    "ExifTool": ("*_exiftool_tmp",),
    "digiKam": ("*.digikamtempfile.*",),
    "editors": ("*~", "#*#", "*.sw[opx]", "4913", "~$*"),
}

UNFINISHED: Final = tuple(
    dict.fromkeys(pattern for patterns in BY_PROGRAM.values() for pattern in patterns)
)
