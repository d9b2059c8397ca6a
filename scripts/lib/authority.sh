# Sourced: makes authorities and certificates for clients of loopback servers, with the openssl command.

# make_authority FOLDER: makes an authority: ca.pem, and an empty revocation list crl.pem.
make_authority() {
    local folder=$1
    mkdir -p "$folder"
    : >"$folder/index.txt"
    cat >"$folder/ca.conf" <<CONF
[ca]
default_ca = authority
[authority]
database = $folder/index.txt
new_certs_dir = $folder
certificate = $folder/ca.pem
private_key = $folder/ca-key.pem
rand_serial = yes
default_md = sha256
default_days = 7
default_crl_days = 7
unique_subject = no
policy = names
copy_extensions = copy
[names]
commonName = supplied
CONF
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 7 \
        -subj "/CN=Authority of ${folder##*/}" -addext 'keyUsage=critical,keyCertSign,cRLSign' \
        -keyout "$folder/ca-key.pem" -out "$folder/ca.pem" 2>/dev/null
    renew_revocations "$folder"
}

# issue FOLDER NAME EXTENSION [START END]: makes FOLDER/NAME.pem and FOLDER/NAME-key.pem with the subject NAME.
issue() {
    local folder=$1 name=$2 extension=$3 dates=()
    [[ $# -lt 5 ]] || dates=(-startdate "$4" -enddate "$5")
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -addext "$extension" \
        -keyout "$folder/$name-key.pem" -out "$folder/$name.csr" 2>/dev/null
    openssl ca -batch -notext -config "$folder/ca.conf" "${dates[@]}" \
        -in "$folder/$name.csr" -out "$folder/$name.pem" 2>/dev/null
    chmod 600 "$folder/$name-key.pem"
}

# revoke FOLDER NAME: puts the certificate on the revocation list.
revoke() {
    openssl ca -config "$1/ca.conf" -revoke "$1/$2.pem" 2>/dev/null
    renew_revocations "$1"
}

renew_revocations() {
    openssl ca -config "$1/ca.conf" -gencrl -out "$1/crl.pem.new" 2>/dev/null
    mv "$1/crl.pem.new" "$1/crl.pem"
}
