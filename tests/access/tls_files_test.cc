#include "integrations/access/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "tests/access/certificates.h"

namespace tocsin::access {
namespace {

using ::testing::HasSubstr;

class TlsFilesTest : public ::testing::Test {
 protected:
  TlsFilesTest() : folder_(absl::StrCat(::testing::TempDir(), "tls_files_test_", getpid())) {
    std::filesystem::create_directories(folder_);
    authority_ = MakeAuthority("authority");
    server_ = MakeCertificate(authority_, "server", {"DNS:localhost"});
    files_.cert_file = Write("cert.pem", server_.cert_pem);
    files_.key_file = Write("key.pem", server_.key_pem);
    files_.client_ca_file = Write("ca.pem", authority_.cert_pem);
  }
  ~TlsFilesTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text, bool for_all = false) {
    const std::string path = absl::StrCat(folder_, "/", name);
    std::ofstream(path, std::ios::binary) << text;
    using std::filesystem::perms;
    std::filesystem::permissions(path, perms::owner_read | perms::owner_write |
                                           (for_all ? perms::others_read : perms::none));
    return path;
  }
  std::string Error() { return std::string(ReadTlsFiles(files_).status().message()); }

  const std::string folder_;
  Certificate authority_, server_;
  TlsFiles files_;
};

TEST_F(TlsFilesTest, AreReadTogether) {
  const auto material = ReadTlsFiles(files_);
  ASSERT_TRUE(material.ok()) << material.status();
  EXPECT_EQ(material->cert_pem, server_.cert_pem);
  EXPECT_EQ(material->client_ca_pem, authority_.cert_pem);
  files_.client_ca_file.clear();
  EXPECT_EQ(ReadTlsFiles(files_)->client_ca_pem, "");
}

TEST_F(TlsFilesTest, WhatIsWrongIsSaidByTheFile) {
  Write("key.pem", authority_.key_pem);
  EXPECT_THAT(Error(), HasSubstr("key.pem is not that of"));
  Write("key.pem", "nothing");
  EXPECT_THAT(Error(), HasSubstr("key.pem is no PEM key"));
  Write("key.pem", server_.key_pem, /*for_all=*/true);
  EXPECT_THAT(Error(), HasSubstr("key.pem is readable by everyone"));
  Write("key.pem", server_.key_pem);
  Write("ca.pem", server_.key_pem);
  EXPECT_THAT(Error(), HasSubstr("ca.pem is no PEM certificate"));
  files_.cert_file = folder_ + "/absent.pem";
  EXPECT_THAT(Error(), HasSubstr("cannot read"));
}

TEST_F(TlsFilesTest, ClientsMayBeToldByName) {
  EXPECT_TRUE(IsAllowed(files_, {}));
  files_.client_allowed_sans = {"collector.example", "10.0.0.1"};
  EXPECT_FALSE(IsAllowed(files_, {}));
  EXPECT_FALSE(IsAllowed(files_, {"collector.example.evil"}));
  EXPECT_TRUE(IsAllowed(files_, {"other", "10.0.0.1"}));
}

}  // namespace
}  // namespace tocsin::access
