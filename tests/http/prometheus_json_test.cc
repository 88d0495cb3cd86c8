#include "integrations/http/prometheus_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tocsin::http {
namespace {

TEST(PrometheusJsonTest, FormatsValuesAsGoDoes) {
  struct Case {
    double value;
    const char* scalar;
    const char* alert;
    const char* sample = nullptr;  // if it is not the scalar's text
  };
  const double infinity = std::numeric_limits<double>::infinity();
  const Case cases[] = {
      {0, "0", "0e+00"},
      {-0.0, "-0", "-0e+00"},
      {1, "1", "1e+00"},
      {2.5, "2.5", "2.5e+00"},
      {-123.456, "-123.456", "-1.23456e+02"},
      {100, "100", "1e+02"},
      {0.001, "0.001", "1e-03"},
      {0.1 + 0.2, "0.30000000000000004", "3.0000000000000004e-01"},
      {1e23, "100000000000000000000000", "1e+23", "1e+23"},
      {1e21, "1000000000000000000000", "1e+21", "1e+21"},
      {9e20, "900000000000000000000", "9e+20"},
      {1e-6, "0.000001", "1e-06"},
      {-9e-7, "-0.0000009", "-9e-07", "-9e-07"},
      {1.5e-10, "0.00000000015", "1.5e-10", "1.5e-10"},
      {1e100,
       "1"
       "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
       "000000000",
       "1e+100", "1e+100"},
      {std::nan(""), "NaN", "NaN"},
      {infinity, "+Inf", "+Inf"},
      {-infinity, "-Inf", "-Inf"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(FormatScalar(c.value), c.scalar);
    EXPECT_EQ(FormatSampleValue(c.value), c.sample != nullptr ? c.sample : c.scalar);
    EXPECT_EQ(FormatAlertValue(c.value), c.alert);
  }
}

TEST(PrometheusJsonTest, TimesAreSecondsWithMilliseconds) {
  EXPECT_EQ(TimeToJson(Timestamp::FromMillis(1500)).dump(), "1.5");
  EXPECT_EQ(TimeToJson(Timestamp::FromMillis(1435781451781)).dump(), "1435781451.781");
  EXPECT_EQ(TimeToJson(Timestamp::FromMillis(1435781451000)).dump(), "1435781451");
}

TEST(PrometheusJsonTest, VectorResult) {
  QueryValue value;
  value.vector = {{{{"__name__", "up"}, {"job", "a\"b"}}, 2}, {{}, std::nan("")}};
  value.warnings = {"w"};
  EXPECT_EQ(SuccessBody(ToJson(value, Timestamp::FromMillis(1500)), value.warnings),
            R"({"status":"success","data":{"resultType":"vector","result":[)"
            R"({"metric":{"__name__":"up","job":"a\"b"},"value":[1.5,"2"]},)"
            R"({"metric":{},"value":[1.5,"NaN"]}]},"warnings":["w"]})");
}

TEST(PrometheusJsonTest, ScalarAndStringResults) {
  QueryValue scalar{.type = QueryValue::Type::kScalar, .scalar = 3};
  EXPECT_EQ(ToJson(scalar, Timestamp::FromMillis(1000)).dump(),
            R"({"resultType":"scalar","result":[1,"3"]})");
  QueryValue text{.type = QueryValue::Type::kString, .string = "hi"};
  EXPECT_EQ(ToJson(text, Timestamp::FromMillis(1000)).dump(),
            R"({"resultType":"string","result":[1,"hi"]})");
  QueryValue empty;
  EXPECT_EQ(ToJson(empty, Timestamp()).dump(), R"({"resultType":"vector","result":[]})");
}

TEST(PrometheusJsonTest, NativeHistograms) {
  NativeHistogram h;
  h.count = 7;
  h.sum = 2.5;
  h.zero_threshold = 0.001;
  h.zero_count = 1;
  h.positive = {{0, 1}, {1, 0}, {2, 3}};
  h.negative = {{1, 2}};
  EXPECT_EQ(ToJson(h).dump(),
            R"({"count":"7","sum":"2.5","buckets":[[1,"-2","-1","2"],[3,"-0.001","0.001","1"],)"
            R"([0,"0.5","1","1"],[0,"2","4","3"]]})");
  EXPECT_EQ(ToJson(NativeHistogram()).dump(), R"({"count":"0","sum":"0"})");
  QueryValue value{.vector = {{{{"a", "1"}}, 0}, {{{"a", "2"}}, 5}},
                   .histograms = {std::make_shared<NativeHistogram>(), nullptr}};
  EXPECT_EQ(ToJson(value, Timestamp::FromMillis(1000)).dump(),
            R"({"resultType":"vector","result":[{"metric":{"a":"1"},"histogram":[1,{"count":"0",)"
            R"("sum":"0"}]},{"metric":{"a":"2"},"value":[1,"5"]}]})");
}

TEST(PrometheusJsonTest, RangeVectors) {
  QueryValue value{.type = QueryValue::Type::kMatrix};
  EXPECT_EQ(ToJson(value, Timestamp()).dump(), R"({"resultType":"matrix","result":[]})");
  value.matrix = {
      {{{"a", "1"}}, {1000, 2500}, {3, 4}, {}},
      {{{"a", "2"}}, {1000, 2000}, {3, 0}, {nullptr, std::make_shared<NativeHistogram>()}}};
  EXPECT_EQ(
      ToJson(value, Timestamp()).dump(),
      R"({"resultType":"matrix","result":[{"metric":{"a":"1"},"values":[[1,"3"],[2.5,"4"]]},)"
      R"({"metric":{"a":"2"},"values":[[1,"3"]],"histograms":[[2,{"count":"0","sum":"0"}]]}]})");
}

TEST(PrometheusJsonTest, BytesThatAreNoTextDoNotFailTheReply) {
  EXPECT_EQ(ErrorBody("bad_data", "\xff!"),
            "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"\xef\xbf\xbd!\"}");
}

TEST(PrometheusJsonTest, RulesHaveTheFieldsOfTheirKind) {
  RuleStatus alert{.name = "High",
                   .query = "up > 1",
                   .duration = absl::Seconds(90),
                   .labels = {{"team", "a"}},
                   .state = "pending",
                   .health = "ok"};
  alert.last_evaluation = Timestamp::FromMillis(0);
  alert.evaluation_time = absl::Microseconds(250);
  alert.alerts = {{.labels = {{"alertname", "High"}},
                   .annotations = {{"summary", "s"}},
                   .state = "pending",
                   .active_at = Timestamp::FromMillis(1000),
                   .value = 2}};
  EXPECT_EQ(ToJson(alert).dump(),
            R"({"state":"pending","name":"High","query":"up > 1","duration":90,"keepFiringFor":0,)"
            R"("labels":{"team":"a"},"annotations":{},"alerts":[{"labels":{"alertname":"High"},)"
            R"("annotations":{"summary":"s"},"state":"pending",)"
            R"("activeAt":"1970-01-01T00:00:01.000Z","value":"2e+00"}],"health":"ok",)"
            R"("evaluationTime":0.00025,"lastEvaluation":"1970-01-01T00:00:00.000Z",)"
            R"("type":"alerting"})");
  RuleStatus record{.alerting = false, .name = "a:b", .query = "x", .last_error = "no"};
  EXPECT_EQ(ToJson(record).dump(),
            R"({"name":"a:b","query":"x","health":"unknown","lastError":"no","evaluationTime":0,)"
            R"("lastEvaluation":"0001-01-01T00:00:00Z","type":"recording"})");
}

}  // namespace
}  // namespace tocsin::http
