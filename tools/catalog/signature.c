/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "signature.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "fail.h"
#include "file.h"
#include "schema.h"

void anchors_read(struct anchors *anchors, const char *path)
{
    struct file file = file_read(path);
    BIO *stream = BIO_new_mem_buf(file.data, (int)file.size);
    const unsigned char *der = file.data;
    X509 *certificate = d2i_X509(NULL, &der, (long)file.size);
    int found = 0;

    if (anchors->certificates == NULL) {
        anchors->certificates = sk_X509_new_null();
    }
    must(stream != NULL && anchors->certificates != NULL);
    for (; certificate != NULL || (certificate = PEM_read_bio_X509(stream, NULL, NULL, NULL)) != NULL;
         certificate = NULL) {
        must(sk_X509_push(anchors->certificates, certificate));
        found++;
    }
    ERR_clear_error();
    if (found == 0) {
        fail("%s: holds no certificate", path);
    }
    BIO_free(stream);
    file_free(&file);
}

void anchors_free(struct anchors *anchors)
{
    sk_X509_pop_free(anchors->certificates, X509_free);
    anchors->certificates = NULL;
}

/* Parameters are NULL or absent: all that the hashes and RSA PKCS #1 have. */
static int plain_algorithm(const X509_ALGOR *algorithm)
{
    int type;

    X509_ALGOR_get0(NULL, &type, NULL, algorithm);
    return type == V_ASN1_NULL || type == V_ASN1_UNDEF;
}

static int algorithm_nid(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object;

    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    return OBJ_obj2nid(object);
}

/* The fields of a signer that no signature protects say what they have to. */
static const char *signer_trouble(PKCS7 *p7, PKCS7_SIGNER_INFO *signer)
{
    int digest = algorithm_nid(signer->digest_alg), listed = 0;

    if (ASN1_INTEGER_get(signer->version) != 1) {
        return "a signer's version is not 1";
    }
    if (!plain_algorithm(signer->digest_alg) || !plain_algorithm(signer->digest_enc_alg)) {
        return "an algorithm has parameters";
    }
    if (algorithm_nid(signer->digest_enc_alg) != NID_rsaEncryption) {
        return "a signer's algorithm is not RSA, by its plain name";
    }
    for (int at = 0; at < sk_X509_ALGOR_num(p7->d.sign->md_algs); at++) {
        const X509_ALGOR *algorithm = sk_X509_ALGOR_value(p7->d.sign->md_algs, at);

        listed = listed || (plain_algorithm(algorithm) && algorithm_nid(algorithm) == digest);
    }
    return listed ? NULL : "digestAlgorithms does not name the signer's";
}

/* OpenSSL finds the signer's certificate by a name whose letters may be of either case. */
static int names_exactly(const PKCS7_SIGNER_INFO *signer, const X509 *certificate)
{
    const unsigned char *stated, *issuer;
    size_t stated_size, issuer_size;

    must(X509_NAME_get0_der(signer->issuer_and_serial->issuer, &stated, &stated_size) &&
        X509_NAME_get0_der(X509_get_issuer_name(certificate), &issuer, &issuer_size));
    return stated_size == issuer_size && memcmp(stated, issuer, issuer_size) == 0;
}

static const char *form_trouble(PKCS7 *p7, const char *content_oid)
{
    STACK_OF(PKCS7_SIGNER_INFO) *signers;
    const PKCS7 *content;

    if (!PKCS7_type_is_signed(p7)) {
        return "not signed data";
    }
    content = p7->d.sign->contents;
    if (!is_oid(content->type, content_oid)) {
        return "the content is of another type";
    }
    if (content->d.other == NULL || content->d.other->type != V_ASN1_SEQUENCE) {
        return "the content is no SEQUENCE";
    }
    if (ASN1_INTEGER_get(p7->d.sign->version) != 1) {
        return "the version of the signed data is not 1";
    }
    signers = p7->d.sign->signer_info;
    if (sk_X509_ALGOR_num(p7->d.sign->md_algs) > sk_PKCS7_SIGNER_INFO_num(signers)) {
        return "more digestAlgorithms than signers";
    }
    for (int at = 0; at < sk_PKCS7_SIGNER_INFO_num(signers); at++) {
        const char *trouble = signer_trouble(p7, sk_PKCS7_SIGNER_INFO_value(signers, at));

        if (trouble != NULL) {
            return trouble;
        }
    }
    return NULL;
}

static int encodes_as(PKCS7 *p7, const unsigned char *der, size_t size)
{
    unsigned char *again = NULL;
    int length = i2d_PKCS7(p7, &again);
    int same = length > 0 && (size_t)length == size && memcmp(again, der, size) == 0;

    OPENSSL_free(again);
    return same;
}

PKCS7 *signed_data_read(const unsigned char *der, size_t size, size_t padding, const char *content_oid,
    const char **trouble)
{
    const unsigned char *end = der;
    PKCS7 *p7 = d2i_PKCS7(NULL, &end, (long)size);
    size_t used = (size_t)(end - der);

    *trouble = NULL;
    if (p7 == NULL) {
        *trouble = "not PKCS #7";
    } else if (size - used > padding) {
        *trouble = "something follows the signed data";
    } else if (!encodes_as(p7, der, used)) {
        *trouble = "not DER";
    } else {
        *trouble = form_trouble(p7, content_oid);
    }
    for (size_t at = used; *trouble == NULL && at < size; at++) {
        *trouble = der[at] != 0 ? "the padding is not zero" : NULL;
    }
    ERR_clear_error();
    if (*trouble != NULL) {
        PKCS7_free(p7);
        return NULL;
    }
    return p7;
}

const ASN1_STRING *signed_data_content(const PKCS7 *p7)
{
    return p7->d.sign->contents->d.other->value.sequence;
}

static const char *openssl_reason(void)
{
    unsigned long error = ERR_peek_last_error();
    const char *reason = error ? ERR_reason_error_string(error) : NULL;

    ERR_clear_error();
    return reason != NULL ? reason : "it does not verify";
}

/* The digest covers the content's bytes without its tag and length. */
static int content_verifies(PKCS7 *p7)
{
    const ASN1_STRING *content = signed_data_content(p7);
    const unsigned char *value = content->data;
    long length;
    int tag, class, good;
    BIO *stream;

    if (ASN1_get_object(&value, &length, &tag, &class, content->length) & 0x80) {
        return 0;
    }
    stream = BIO_new_mem_buf(value, (int)length);
    must(stream != NULL);
    good = PKCS7_verify(p7, NULL, NULL, stream, NULL, PKCS7_NOVERIFY | PKCS7_BINARY) == 1;
    BIO_free(stream);
    return good;
}

static int is_code_signing(X509 *certificate)
{
    EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
    int found = 0;

    for (int at = 0; at < sk_ASN1_OBJECT_num(usage); at++) {
        found = found || OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, at)) == NID_code_sign;
    }
    sk_ASN1_OBJECT_pop_free(usage, ASN1_OBJECT_free);
    return found;
}

static int is_time_stamped(const PKCS7_SIGNER_INFO *signer)
{
    for (int at = 0; at < sk_X509_ATTRIBUTE_num(signer->unauth_attr); at++) {
        const ASN1_OBJECT *object = X509_ATTRIBUTE_get0_object(sk_X509_ATTRIBUTE_value(signer->unauth_attr, at));

        if (is_oid(object, OID_RFC3161_TIMESTAMP) || is_oid(object, OID_COUNTERSIGNATURE)) {
            return 1;
        }
    }
    return 0;
}

static void judge_chain(struct report *report, const char *file, PKCS7 *p7, X509 *certificate, int time_stamped,
    const struct anchors *anchors)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | (time_stamped ? X509_V_FLAG_NO_CHECK_TIME : 0);

    must(store != NULL && context != NULL && X509_STORE_set_flags(store, flags));
    for (int at = 0; at < sk_X509_num(anchors->certificates); at++) {
        must(X509_STORE_add_cert(store, sk_X509_value(anchors->certificates, at)));
    }
    must(X509_STORE_CTX_init(context, store, certificate, p7->d.sign->cert));
    if (X509_verify_cert(context) != 1) {
        report_add(report, file, "chain", VERDICT_BAD, "%s",
            X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    } else if (!is_code_signing(certificate)) {
        report_add(report, file, "chain", VERDICT_BAD, "the certificate is not for code signing");
    } else {
        report_add(report, file, "chain", VERDICT_OK, "ends in a given certificate%s",
            time_stamped ? "; time-stamped, so its dates were not judged" : "");
    }
    ERR_clear_error();
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
}

void signature_judge(struct report *report, const char *file, PKCS7 *p7, const struct anchors *anchors)
{
    PKCS7_SIGNER_INFO *signer = sk_PKCS7_SIGNER_INFO_value(p7->d.sign->signer_info, 0);
    STACK_OF(X509) *signers;
    X509 *certificate;
    char name[128];

    if (signer == NULL) {
        report_add(report, file, "signature", VERDICT_BAD, "not signed");
        return;
    }
    signers = PKCS7_get0_signers(p7, NULL, 0);
    certificate = sk_X509_value(signers, 0);
    sk_X509_free(signers);
    if (certificate == NULL || !content_verifies(p7)) {
        report_add(report, file, "signature", VERDICT_BAD, "%s", openssl_reason());
        return;
    }
    if (!names_exactly(signer, certificate)) {
        report_add(report, file, "signature", VERDICT_BAD, "it names its certificate in other letters");
        return;
    }
    X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof name);
    report_add(report, file, "signature", VERDICT_OK, "%s, %s", OBJ_nid2ln(algorithm_nid(signer->digest_alg)), name);
    if (anchors->certificates == NULL) {
        report_add(report, file, "chain", VERDICT_NONE, "no certificate was given to judge it by (--cert)");
    } else {
        judge_chain(report, file, p7, certificate, is_time_stamped(signer), anchors);
    }
}
