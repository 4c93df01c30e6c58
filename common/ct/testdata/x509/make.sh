#!/bin/sh
# Makes the certificates of this directory with OpenSSL 3.0 (see README.md). Run it in an empty directory.
set -eu

conf=work.cnf
cat > $conf <<'C'
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
[ca_ext]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf_ext]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:test.example
[ca]
default_ca = authority
[authority]
database = work.db
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
email_in_dn = no
rand_serial = no
[any]
commonName = supplied

[precert_ext]
basicConstraints = critical,CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
1.3.6.1.4.1.11129.2.4.3 = critical,ASN1:NULL
subjectAltName = DNS:test.example
extendedKeyUsage = serverAuth
[final_ext]
basicConstraints = critical,CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
1.3.6.1.4.1.11129.2.4.2 = ASN1:FORMAT:HEX,OCTETSTRING:00080006000102030405
subjectAltName = DNS:test.example
extendedKeyUsage = serverAuth
[precert_noaki_ext]
basicConstraints = critical,CA:FALSE
subjectKeyIdentifier = hash
1.3.6.1.4.1.11129.2.4.3 = critical,ASN1:NULL
subjectAltName = DNS:test.example
authorityKeyIdentifier = none
[final_lastaki_ext]
basicConstraints = critical,CA:FALSE
subjectKeyIdentifier = hash
1.3.6.1.4.1.11129.2.4.2 = ASN1:FORMAT:HEX,OCTETSTRING:00080006000102030405
subjectAltName = DNS:test.example
authorityKeyIdentifier = keyid
[final_noaki_ext]
basicConstraints = critical,CA:FALSE
subjectKeyIdentifier = hash
1.3.6.1.4.1.11129.2.4.2 = ASN1:FORMAT:HEX,OCTETSTRING:00080006000102030405
subjectAltName = DNS:test.example
authorityKeyIdentifier = none
[psc_ext]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
extendedKeyUsage = critical,1.3.6.1.4.1.11129.2.4.4
[psc_noaki_ext]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = none
extendedKeyUsage = critical,1.3.6.1.4.1.11129.2.4.4
[poison_plain_ext]
1.3.6.1.4.1.11129.2.4.3 = ASN1:NULL
subjectAltName = DNS:test.example
[poison_value_ext]
1.3.6.1.4.1.11129.2.4.3 = critical,ASN1:INTEGER:0
subjectAltName = DNS:test.example
[poison_only_ext]
subjectKeyIdentifier = none
authorityKeyIdentifier = none
1.3.6.1.4.1.11129.2.4.3 = critical,ASN1:NULL
C

key() { name=$1; shift; openssl genpkey -out $name.key "$@" 2>/dev/null; }
# root NAME DIGEST [options]: a self-signed certificate over NAME.key
root() { name=$1; md=$2; shift 2
  openssl req -new -x509 -config $conf -extensions ca_ext -key $name.key -$md -subj "/CN=$name" -days 20000 -out $name.pem "$@"; }
# leaf NAME ROOT DIGEST [options]: a certificate issued by ROOT
leaf() { name=$1; issuer=$2; md=$3; shift 3
  openssl req -new -config $conf -key leaf.key -subj "/CN=$name" -out work.csr
  openssl x509 -req -in work.csr -CA $issuer.pem -CAkey $issuer.key -$md -days 20000 -set_serial ${SERIAL:-1} \
    -extfile $conf -extensions leaf_ext -out $name.pem "$@" 2>/dev/null; }
# issue NAME SUBJECT KEY ISSUER EXTENSIONS: through `openssl ca`, which takes exact dates and serial numbers
issue() {
  openssl req -new -config $conf -key $3.key -subj "/CN=$2" -out work.csr
  : > work.db
  openssl ca -batch -notext -config $conf -in work.csr -cert $4.pem -keyfile $4.key -extensions $5 -md sha256 \
    -startdate 270101000000Z -enddate 270401000000Z -rand_serial -out $1.pem 2>/dev/null; }
# issue_same: the same with serial number 0x1234, so that a pair differs in nothing but its extensions
issue_same() {
  openssl req -new -config $conf -key $3.key -subj "/CN=$2" -out work.csr
  : > work.db; echo 1234 > work.serial
  sed 's/^rand_serial.*/serial = work.serial/' $conf > work_serial.cnf
  openssl ca -batch -notext -config work_serial.cnf -in work.csr -cert $4.pem -keyfile $4.key -extensions $5 -md sha256 \
    -startdate 270101000000Z -enddate 270401000000Z -out $1.pem 2>/dev/null; }

key leaf -algorithm EC -pkeyopt ec_paramgen_curve:P-256
key rsa2048 -algorithm RSA -pkeyopt rsa_keygen_bits:2048
key rsa1024 -algorithm RSA -pkeyopt rsa_keygen_bits:1024
key rsa4096 -algorithm RSA -pkeyopt rsa_keygen_bits:4096
key rsa8192 -algorithm RSA -pkeyopt rsa_keygen_bits:8192
key rsa_pss -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048
for c in 256 384 521; do key p$c -algorithm EC -pkeyopt ec_paramgen_curve:P-$c; done
key k256 -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1
key p256_compressed -algorithm EC -pkeyopt ec_paramgen_curve:P-256
openssl pkey -in p256_compressed.key -ec_conv_form compressed -out work.key && mv work.key p256_compressed.key
key ed25519 -algorithm ED25519
key ed448 -algorithm ED448

for r in rsa2048 rsa1024 rsa4096 rsa8192 p256 p384 p521 k256 p256_compressed; do root $r sha256; done
root rsa_pss sha256 -sigopt rsa_pss_saltlen:32
root ed25519 sha256; root ed448 sha256
# SHA-1 throughout, as in the hierarchy by which logs are watched
cp rsa4096.key sha1_root.key; root sha1_root sha1
leaf sha1_root_leaf sha1_root sha1
# version 1: no extensions
cp p256.key v1_root.key
openssl req -new -config $conf -key v1_root.key -subj "/CN=v1_root" -out work.csr
openssl x509 -req -in work.csr -signkey v1_root.key -days 20000 -out v1_root.pem 2>/dev/null
leaf v1_root_leaf v1_root sha256

for md in md5 sha1 sha224 sha256 sha384 sha512; do leaf rsa2048_$md rsa2048 $md; done
leaf rsa4096_sha256 rsa4096 sha256
leaf rsa8192_sha256 rsa8192 sha256
leaf rsa8192_sha1 rsa8192 sha1
for md in sha1 sha256 sha384 sha512; do leaf rsa1024_$md rsa1024 $md; done
for md in sha1 sha256 sha384 sha512; do
  leaf pss_$md rsa2048 $md -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
done
leaf pss_sha256_salt20 rsa2048 sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20
leaf pss_sha256_mgf512 rsa2048 sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sigopt rsa_mgf1_md:sha512
leaf rsa_pss_sha256 rsa_pss sha256 -sigopt rsa_pss_saltlen:32
for c in 256 384 521; do for md in sha1 sha256 sha384 sha512; do leaf p${c}_$md p$c $md; done; done
leaf k256_sha256 k256 sha256
leaf p256_compressed_sha256 p256_compressed sha256
leaf ed25519_leaf ed25519 sha256; leaf ed448_leaf ed448 sha256
SERIAL=-77 leaf negative_serial p256 sha256

# Precertificates, and the certificates that follow them
key psc -algorithm EC -pkeyopt ec_paramgen_curve:P-256; cp psc.key psc_noaki.key
issue psc psc psc p256 psc_ext
issue psc_noaki psc psc_noaki p256 psc_noaki_ext
issue_same precert test.example leaf p256 precert_ext
issue_same final test.example leaf p256 final_ext
issue_same precert_by_psc test.example leaf psc precert_ext
issue_same precert_noaki_by_psc test.example leaf psc precert_noaki_ext
issue_same precert_noaki test.example leaf p256 precert_noaki_ext
issue_same precert_by_psc_noaki test.example leaf psc_noaki precert_ext
issue_same precert_noaki_by_psc_noaki test.example leaf psc_noaki precert_noaki_ext
issue_same final_lastaki test.example leaf p256 final_lastaki_ext
issue_same final_noaki test.example leaf p256 final_noaki_ext
for p in plain value only; do issue_same poison_$p test.example leaf p256 poison_${p}_ext; done
rm -f work* *.pem.old [0-9A-F][0-9A-F]*.pem
# Only this key signs in tests; the others are not kept.
for k in *.key; do case $k in rsa2048.key) ;; *) rm $k;; esac; done
