/**
 * Words failures of TLS, by the codes that Node gives them.
 */

const isTls = (code: string) =>
  /^(?:ERR_SSL_|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:GET|VERIFY)_|HOSTNAME_MISMATCH)/.test(code)

/** Says what to do about a code of TLS; undefined for any other code. */
export const tlsAdvice = (code: string): string | undefined =>
  !isTls(code)
    ? undefined
    : code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG"
    ? "it does not speak TLS; write http:// or the port that does"
    : code === "CERT_HAS_EXPIRED"
    ? "its certificate has expired; renew it"
    : code === "ERR_TLS_CERT_ALTNAME_INVALID"
    ? "its certificate is for another name; use that name in the address"
    : "no authority that is trusted here has signed its certificate; set NODE_EXTRA_CA_CERTS to a file with the authority's certificate"
