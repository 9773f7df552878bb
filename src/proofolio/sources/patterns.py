"""What is never anybody's evidence, as data: folders, file names and file endings, each with its reason.

A name stands here only if it means the same thing in every repository. Names that can also hold a
candidate's own work (``vendor``, ``target``, ``dist``, ``build``) are decided by what lies beside or
inside them: see ``ignore.py``.
"""

from __future__ import annotations

# fmt: off
LEFT_OUT_FOLDERS: dict[str, str] = {
    **dict.fromkeys((".git", ".hg", ".svn", ".bzr", ".jj"), "version control"),
    **dict.fromkeys(
        ("node_modules", "bower_components", "jspm_packages", "third_party", "third-party", "thirdparty",
         "site-packages", "Pods", "Carthage", ".yarn", ".pnpm-store", ".bundle", "renv", "packrat",
         "elm-stuff", ".dart_tool", ".terraform", "dbt_packages", ".eggs"),
        "dependencies",
    ),
    **dict.fromkeys((".venv", "venv", ".virtualenv", "virtualenv"), "a virtual environment"),
    **dict.fromkeys(
        ("__pycache__", ".ipynb_checkpoints", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis",
         ".cache", ".parcel-cache", ".turbo", ".gradle", ".tox", ".nox", ".sass-cache", ".nyc_output",
         ".ccls-cache", ".metals", ".bloop", ".Rproj.user", "__MACOSX"),
        "a cache",
    ),
    **dict.fromkeys(
        (".next", ".nuxt", ".svelte-kit", ".output", ".vercel", ".netlify", ".docusaurus", ".serverless",
         ".aws-sam", "cdk.out", "htmlcov", "lcov-report", "DerivedData", "_build", ".quarto"),
        "build output",
    ),
    **dict.fromkeys((".idea", ".vs", ".fleet", ".settings"), "editor settings"),
}

# Folders that are build output where one of these names lies beside them (in their parent).
OUTPUT_FOLDER_SIBLINGS: dict[str, frozenset[str]] = {
    "target": frozenset({"dbt_project.yml", "pom.xml", "Cargo.toml", "build.sbt", "project.clj"}),
    "dbt_modules": frozenset({"dbt_project.yml"}),
    "obj": frozenset({"*.csproj", "*.fsproj", "*.vbproj"}),
    "bin": frozenset({"*.csproj", "*.fsproj", "*.vbproj"}),
}

# Files inside such a folder that are results worth reading all the same.
KEPT_OUTPUT_FILES = frozenset({"target/run_results.json"})

# A folder named ``vendor`` is somebody else's work where one of these lies beside it or inside it ...
VENDOR_SIBLINGS = frozenset({"go.mod", "composer.json", "Gemfile", "Gopkg.toml", "glide.yaml"})
VENDOR_CHILDREN = frozenset(
    {"modules.txt", "autoload.php", "composer", "bundle", "cache", "github.com", "golang.org", "gems", "ruby"}
)
# ... or where it stands in a folder of served files.
ASSET_FOLDERS = frozenset({"static", "assets", "public", "js", "css", "lib", "libs", "www", "webroot"})

OUTPUT_FOLDERS = frozenset({"dist", "build", "out", "bundle", "bundles", "release"})

LEFT_OUT_ENDINGS: dict[str, str] = {
    **dict.fromkeys(
        (".min.js", ".min.css", ".min.mjs", ".bundle.js", ".chunk.js", ".map", ".d.ts.map"), "minified or bundled"
    ),
    **dict.fromkeys(
        (".pyc", ".pyo", ".pyd", ".so", ".o", ".a", ".lib", ".dll", ".dylib", ".exe", ".class", ".jar", ".war",
         ".ear", ".wasm", ".whl", ".egg", ".gem", ".nupkg", ".deb", ".rpm", ".apk", ".ipa", ".aab", ".dex",
         ".beam", ".rlib", ".rmeta", ".pdb", ".obj", ".bin", ".elf", ".msi", ".dmg", ".iso", ".img"),
        "compiled",
    ),
    **dict.fromkeys(
        (".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".ckpt", ".h5", ".hdf5", ".keras", ".onnx",
         ".tflite", ".pb", ".safetensors", ".gguf", ".ggml", ".mlmodel", ".cbm", ".ubj", ".model", ".npy",
         ".npz", ".mat", ".rds", ".rda", ".rdata", ".sav", ".weights", ".caffemodel", ".pmml", ".zarr"),
        "a stored model or array",
    ),
    **dict.fromkeys(
        (".parquet", ".feather", ".arrow", ".avro", ".orc", ".db", ".sqlite", ".sqlite3", ".duckdb", ".wal",
         ".mdb", ".accdb", ".dbf", ".shp", ".shx", ".gpkg", ".tfrecord", ".lmdb", ".rdb", ".dta", ".sas7bdat",
         ".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".pcap", ".bag", ".tif", ".tiff", ".nc", ".grib", ".fits"),
        "stored data",
    ),
    **dict.fromkeys(
        (".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".7z", ".rar", ".zst", ".lz4", ".lzma",
         ".br", ".cab", ".jks", ".p12", ".pfx", ".keystore", ".der"),
        "an archive or key store",
    ),
    **dict.fromkeys(
        (".mp3", ".mp4", ".m4a", ".m4v", ".wav", ".flac", ".ogg", ".opus", ".webm", ".mov", ".avi", ".mkv", ".wmv",
         ".aac", ".mid", ".ttf", ".otf", ".woff", ".woff2", ".eot", ".ico", ".icns", ".cur", ".bmp", ".psd", ".ai",
         ".eps", ".sketch", ".fig", ".xd", ".blend", ".fbx", ".glb", ".stl", ".heic", ".avif", ".swf", ".tga"),
        "sound, video, a font or a design file",
    ),
    **dict.fromkeys(
        (".doc", ".ppt", ".pptx", ".key", ".pages", ".numbers", ".odt", ".odp", ".rtf", ".epub", ".mobi", ".msg",
         ".pbix", ".twbx", ".hyper", ".vsdx"),
        "a document format that is not read",
    ),
    **dict.fromkeys((".tfstate", ".tfstate.backup", ".tfplan"), "Terraform state"),
    **dict.fromkeys((".swp", ".swo", ".lock.db", ".ds_store", ".log.gz", ".pid", ".seed"), "left behind by a tool"),
    **dict.fromkeys(
        ("_pb2.py", "_pb2_grpc.py", "_pb2.pyi", ".pb.go", ".pb.cc", ".pb.h", "_pb.js", "_pb.d.ts", ".g.dart",
         ".freezed.dart", ".designer.cs", ".g.cs", "_generated.go", ".generated.ts", ".gen.go", ".snap"),
        "generated",
    ),
}

LEFT_OUT_NAMES: dict[str, str] = {
    ".DS_Store": "left behind by a tool",
    "Thumbs.db": "left behind by a tool",
    "desktop.ini": "left behind by a tool",
    "CACHEDIR.TAG": "a cache",
    ".git": "version control",
}
