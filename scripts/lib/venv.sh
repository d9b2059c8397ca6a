# Sourced: Python environments with pinned packages, kept in .build.

# python_environment NAME REQUIREMENTS: prints the environment's folder; makes it anew if the requirements changed.
python_environment() {
    local folder=.build/$1-venv requirements=$2
    if ! cmp -s "$requirements" "$folder/installed.txt"; then
        rm -rf "$folder"
        python3 -m venv "$folder"
        "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" >&2
        cp "$requirements" "$folder/installed.txt"
    fi
    echo "$folder"
}
