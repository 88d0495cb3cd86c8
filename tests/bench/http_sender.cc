#include "tests/bench/http_sender.h"

#include <snappy.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "proto/io/prometheus/write/v1/request.pb.h"

namespace tocsin::ingest {
namespace {

// Of the times of this century, which as varints are six bytes.
constexpr int64_t kAnyTimeMs = 1'700'000'000'000;
constexpr size_t kTimeBytes = 6;

std::string RemoteWriteTemplate(size_t from, size_t end) {
  io::prometheus::write::v1::WriteRequest request;
  for (size_t i = from; i < end; ++i) {
    auto* series = request.add_timeseries();
    Attributes labels = AttributesOf(i);
    labels.emplace_back("__name__", MetricOf(i));
    std::sort(labels.begin(), labels.end());
    for (const auto& [name, value] : labels) {
      auto* label = series->add_labels();
      label->set_name(name);
      label->set_value(value);
    }
    auto* sample = series->add_samples();
    sample->set_value(1);
    sample->set_timestamp(kAnyTimeMs);
  }
  return request.SerializeAsString();
}

// request -> timeseries -> samples
Slots SlotsOfRemoteWrite(const std::string& bytes) {
  constexpr uint32_t kPath[] = {1, 2};
  Slots slots;
  FindSlots({kPath, Tag(2, WireType::kVarint), Tag(1, WireType::kFixed64)}, bytes, bytes.data(), 0,
            slots);
  return slots;
}

void WriteVarint(uint64_t value, char* at) {
  for (size_t i = 0; i < kTimeBytes; ++i) {
    at[i] = static_cast<char>((value & 0x7f) | (i + 1 < kTimeBytes ? 0x80 : 0));
    value >>= 7;
  }
}

}  // namespace

HttpSender::HttpSender(const Options& options, size_t first, size_t end)
    : remote_write_(options.protocol == "remote_write"),
      path_(!options.path.empty() ? options.path
            : remote_write_       ? "/api/v1/write"
                                  : "/v1/metrics"),
      port_(static_cast<uint16_t>(
          std::atoi(options.target.substr(options.target.rfind(':') + 1).c_str()))),
      ipv6_(options.target.starts_with('[')) {
  for (size_t from = first; from < end; from += options.samples_per_request) {
    const size_t to = std::min(end, from + options.samples_per_request);
    Template made;
    made.bytes = remote_write_ ? RemoteWriteTemplate(from, to) : OtlpTemplate(options, from, to);
    made.slots = remote_write_ ? SlotsOfRemoteWrite(made.bytes) : SlotsOfOtlp(made.bytes);
    templates_.push_back(std::move(made));
  }
}

absl::Status HttpSender::Open() {
  client_ = std::make_unique<http::RawClient>(port_, ipv6_);
  return client_->connected() ? absl::OkStatus() : absl::UnavailableError("cannot connect");
}

void HttpSender::Fill(Template& request, Timestamp now, double value) const {
  const auto time_ns = static_cast<uint64_t>(now.millis()) * 1'000'000;
  for (size_t at : request.slots.times) {
    if (remote_write_) {
      WriteVarint(static_cast<uint64_t>(now.millis()), &request.bytes[at]);
    } else {
      std::memcpy(&request.bytes[at], &time_ns, 8);
    }
  }
  for (size_t at : request.slots.values) std::memcpy(&request.bytes[at], &value, 8);
}

std::string HttpSender::Head(size_t body_bytes) const {
  return absl::StrCat("POST ", path_,
                      " HTTP/1.1\r\nHost: load\r\nContent-Type: application/x-protobuf\r\n",
                      remote_write_ ? "Content-Encoding: snappy\r\n" : "",
                      "Content-Length: ", body_bytes, "\r\n\r\n");
}

absl::Status HttpSender::Send(size_t i, Timestamp now, double value, Tally& tally) {
  Template& request = templates_[i];
  Fill(request, now, value);
  std::string body = request.bytes;
  if (remote_write_) snappy::Compress(request.bytes.data(), request.bytes.size(), &body);
  if (!client_->Send(Head(body.size()) + body)) return absl::UnavailableError("not sent");
  const std::string reply = client_->ReadReply();
  const int status = http::StatusOf(reply);
  if (status != 200 && status != 204) return absl::UnavailableError(reply.substr(0, 200));
  tally.points += request.slots.times.size();
  return absl::OkStatus();
}

}  // namespace tocsin::ingest
