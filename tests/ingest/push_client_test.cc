// The sender's end of the native stream against a server whose streams end at a bad moment.
#include "integrations/ingest/push_client.h"

#include <gmock/gmock.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/tocsin/v1/ingest.grpc.pb.h"

namespace tocsin::ingest {
namespace {

using testing::ElementsAre;

// Its streams end without an answer after so many requests; once the list is used up, all is
// answered.
class EndingServer : public v1::Ingest::Service {
 public:
  explicit EndingServer(std::vector<int> requests_of_streams)
      : requests_of_streams_(std::move(requests_of_streams)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~EndingServer() override { server_->Shutdown(); }

  std::string target() const { return absl::StrCat("127.0.0.1:", port_); }
  // The first value of each request that was answered.
  const std::vector<double>& answered() const { return answered_; }

  grpc::Status Push(grpc::ServerContext*,
                    grpc::ServerReaderWriter<v1::PushResponse, v1::PushRequest>* stream) override {
    const bool ends = streams_ < requests_of_streams_.size();
    const int most = ends ? requests_of_streams_[streams_] : 0;
    ++streams_;
    v1::PushRequest request;
    for (int read = 0; !ends || read < most; ++read) {
      if (!stream->Read(&request)) return grpc::Status::OK;
      if (ends) continue;
      if (request.values_size() > 0) answered_.push_back(request.values(0));
      v1::PushResponse answer;
      answer.set_sequence(request.sequence());
      stream->Write(answer);
    }
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "ended");
  }

 private:
  const std::vector<int> requests_of_streams_;
  // Streams come one after the other.
  size_t streams_ = 0;
  std::vector<double> answered_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(PushClientTest, NothingIsForgottenWhenTheStreamBreaksWhileItIsSentAgain) {
  constexpr int kRequests = 6;
  // So large that the end of the stream comes before the last of them is written.
  constexpr size_t kSamples = 300'000;
  // The first request of each stream is the declaration.
  EndingServer server({1 + kRequests, 2, 3});
  PushClient client({.target = server.target()});
  const uint32_t reference = client.Declare(Labels{{"__name__", "m"}});
  ASSERT_TRUE(client.Open().ok());
  const std::vector<uint32_t> references(kSamples, reference);
  const std::vector<int64_t> times(kSamples, 1'700'000'000'000);
  for (int i = 0; i < kRequests; ++i) {
    ASSERT_TRUE(client.Push({references, times, std::vector<double>(kSamples, i)}).ok());
  }
  while (!client.Flush().ok()) client.Open().IgnoreError();
  EXPECT_THAT(server.answered(), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(client.totals().acknowledged_samples, kRequests * kSamples);
}

}  // namespace
}  // namespace tocsin::ingest
