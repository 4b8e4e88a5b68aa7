// SPDX-License-Identifier: MIT OR Apache-2.0
// What certreq would make: a self-signed certificate. .NET's own signature generator knows no SHA-1 any more.

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Aero.PowerShellTests;

internal static class TestCertificate
{
    /// <summary>Writes a DER file; the key is forgotten.</summary>
    public static void Make(bool sha1, string path)
    {
        using RSA key = RSA.Create(2048);
        X509SignatureGenerator generator = X509SignatureGenerator.CreateForRSA(key, RSASignaturePadding.Pkcs1);
        var name = new X500DistinguishedName("CN=Aero VirtIO Sound Test");
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        DateTimeOffset start = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using X509Certificate2 certificate = request.Create(
            name, sha1 ? new Sha1Generator(key, generator.PublicKey) : generator, start, start.AddYears(20), [1]);
        File.WriteAllBytes(path, certificate.Export(X509ContentType.Cert));
    }

    private sealed class Sha1Generator(RSA key, PublicKey publicKey) : X509SignatureGenerator
    {
        /// <summary>SEQUENCE { OID 1.2.840.113549.1.1.5 (RFC 8017, A.2.4), NULL }.</summary>
        private static readonly byte[] Sha1WithRsa = Convert.FromHexString("300D06092A864886F70D0101050500");

        protected override PublicKey BuildPublicKey() => publicKey;
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => Sha1WithRsa;
        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) =>
            key.SignData(data, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1);
    }
}
