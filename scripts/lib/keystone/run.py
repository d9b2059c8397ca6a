"""Prepares and serves an OpenStack Keystone for the tests, on loopback and with SQLite.

usage: run.py prepare FOLDER   creates a database with the user admin, whose password is "admin-password"
       run.py serve FOLDER PORT
"""

import os
import pathlib
import subprocess
import sys


def write_configuration(folder: pathlib.Path) -> pathlib.Path:
    path = folder / "keystone.conf"
    # Few rounds, because the tests authenticate often and their passwords protect nothing.
    path.write_text(f"""[DEFAULT]
log_file = {folder}/keystone.log
[database]
connection = sqlite:///{folder}/keystone.sqlite
[token]
provider = fernet
[cache]
enabled = false
[identity]
password_hash_rounds = 4
[fernet_tokens]
key_repository = {folder}/keys
[fernet_receipts]
key_repository = {folder}/keys
[credential]
key_repository = {folder}/keys
""")
    return path


def prepare(folder: pathlib.Path) -> None:
    from cryptography.fernet import Fernet

    (folder / "keys").mkdir(mode=0o700)
    for name in ["0", "1"]:
        key = folder / "keys" / name
        key.write_bytes(Fernet.generate_key())
        key.chmod(0o600)
    configuration = write_configuration(folder)
    manage = [pathlib.Path(sys.executable).parent / "keystone-manage", "--config-file", configuration]
    for command in [
        ["db_sync"],
        ["bootstrap", "--bootstrap-password", "admin-password",
         "--bootstrap-public-url", "http://127.0.0.1/v3", "--bootstrap-region-id", "test"],
    ]:
        subprocess.run(manage + command, check=True)


def serve(folder: pathlib.Path, port: int) -> None:
    os.environ["OS_KEYSTONE_CONFIG_FILES"] = str(write_configuration(folder))
    sys.argv = sys.argv[:1]
    from keystone.server import wsgi
    from werkzeug.serving import run_simple

    run_simple("127.0.0.1", port, wsgi.initialize_public_application(), threaded=False)


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(pathlib.Path(sys.argv[2]))
    else:
        serve(pathlib.Path(sys.argv[2]), int(sys.argv[3]))
